"""How states, orders, panes and strategies are named."""

from veloz_tui.domain.types import OrderStatus, OrderType, StrategyState, TradingState

STATES = {
    TradingState.READY: "trading OK",
    TradingState.REDUCE_ONLY: "REDUCE",
    TradingState.CANCEL_ONLY: "CANCEL-ONLY",
    TradingState.HALTED: "HALTED",
}
PAUSED = "PAUSED"
STATUSES = {
    OrderStatus.CREATED: "SENT",
    OrderStatus.SUBMITTED: "SENT",
    OrderStatus.ACCEPTED: "OPEN",
    OrderStatus.REJECTED: "REJ",
    OrderStatus.DENIED: "DENY",
    OrderStatus.NOT_SENT: "UNSENT",
    OrderStatus.CANCELED: "CXLD",
    OrderStatus.EXPIRED: "EXP",
    OrderStatus.FILLED: "FILL",
    OrderStatus.NEVER_ARRIVED: "NEVER",
}
MAKER, TAKER = "M", "T"
PARTIAL, CANCELING, IN_DOUBT = "PART", "CXLing", "DBT"
TYPES = {OrderType.LIMIT: "LMT", OrderType.MARKET: "MKT", OrderType.STOP_LIMIT: "STOP"}
POST = "POST"
STRATEGY_STATES = {
    StrategyState.STOPPED: "stop",
    StrategyState.STARTING: "start",
    StrategyState.RUNNING: "RUN",
    StrategyState.PAUSED: "PAUSE",
    StrategyState.FAULTED: "FAULT",
}
TITLES = {
    "watch": "Watch", "strategies": "Strategies", "account": "Account", "ladder": "Ladder",
    "orders": "Orders", "positions": "Positions", "alerts": "Alerts", "tape": "Tape", "fills": "Fills",
    "help": "Help", "history": "History", "risk": "Risk", "health": "Health", "settings": "Settings",
    "performance": "Performance",
    "wire": "Wire", "why": "Why",
    "strategy": "Strategy",
}  # fmt: skip
EMPTY = {
    "watch": "no instruments",
    "strategies": "no strategies in this profile: veloz strategy new NAME",
    "account": "no balances yet",
    "ladder": "no book yet",
    "orders": "no open orders: b or s opens a ticket",
    "positions": "flat: b or s opens a ticket",
    "alerts": "nothing to worry about; g r shows the limits",
    "tape": "no trades in the market yet (8: own fills)",
    "fills": "no fills yet: b or s opens a ticket",
    "wire": "nothing was sent or received yet",
    "history": "nothing became of any order yet",
}


def without_stop(count: int) -> str:
    """How many positions nothing protects."""
    return f"{count} no stop" if count else "stops ok"


NOBODY = "nobody"
NONE = "none"
BUILT_IN = "built-in"

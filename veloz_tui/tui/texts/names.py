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
    "orders": "Orders", "positions": "Positions", "alerts": "Alerts", "tape": "Fills", "help": "Help",
    "history": "History", "risk": "Risk", "health": "Health", "settings": "Settings",
}  # fmt: skip
EMPTY = {
    "watch": "no instruments",
    "strategies": "no strategies in this profile",
    "account": "no balances yet",
    "ladder": "no book yet",
    "orders": "no open orders: b or s opens a ticket",
    "positions": "flat: b or s opens a ticket",
    "alerts": "nothing to worry about",
    "tape": "no fills yet",
    "history": "nothing became of any order yet",
}
NOBODY = "nobody"
NONE = "none"
BUILT_IN = "built-in"

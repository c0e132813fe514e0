"""Every sentence the console says, in one place for translation: WHAT, numbers, state now, what to do."""

from collections.abc import Iterable, Sequence

from veloz_tui.domain.types import Mode, OrderStatus, OrderType, StrategyState, TradingState
from veloz_tui.tui import fmt

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
ZOOMED = "(z: all panes)"
WAITING = "waiting for the engine…"
CANT_GO_ON = "too small: 40x10 shows panes, 80x24 is comfortable"


def link_lost(seconds: float) -> str:
    """In status line 2."""
    return f"UI link lost {seconds:.0f} s: data OLD"


def unconfirmed(what: str) -> str:
    """A command without an answer within 250 ms."""
    return f"UNCONFIRMED {what}: no answer from the engine. ^K^K goes to the guardian"


def not_sent(what: str) -> str:
    """A command that found no engine."""
    return f"NOT SENT {what}: no link to the engine. ^K^K goes to the guardian"


# -- kill ---------------------------------------------------------------------------------------------


def kill_question(chord: str, consequences: str) -> str:
    """First stroke, status line 1."""
    return f"KILL? {chord} again: {consequences}"


def kill_consequences(*, strategies: int, orders: int, venues: int, stops: int, unprotected: str) -> str:
    """What a second stroke does, in numbers."""
    text = f"stop {_count(strategies, 'strategy', 'strategies')}, cancel {_count(orders, 'order', 'orders')}"
    text += f" on {_count(venues, 'venue', 'venues')}"
    if stops:
        text += f" INCLUDING {_count(stops, 'STOP', 'STOPS')}"
    return text + (f" {unprotected.strip()}" if unprotected.strip() else "")


def kill_second_line(seconds: float) -> str:
    """First stroke, status line 2."""
    return f"{seconds:.0f} s left. Never trades: positions stay open. Any other key stands down"


def kill_unknown() -> str:
    """First stroke while no View was ever seen."""
    return "stop every strategy, cancel every order on every venue (no view: numbers unknown)"


KILL_OK = "kill ^K^K ok"
KILL_UNTESTED = "kill UNTESTED"
KILL_STOOD_DOWN = "Kill stood down; nothing was done"
KILL_SENT = "KILL sent to engine and guardian; waiting for the certificate"


def no_guardian(why: str) -> str:
    """The first stroke found no guardian."""
    return f"Guardian not ready: {why}. The engine would kill alone"


def guardian_not_ready(why: str) -> str:
    """The first stroke found one that can't reach the venue."""
    return f"Guardian {why}"


def kill_eaten(chord: str) -> str:
    """tmux takes the key."""
    return f"tmux binds {chord}: kill may not reach us. `tmux unbind -n {chord}`, or use F12 F12"


def halted(at: str, by: str, parts: Sequence[str]) -> str:
    """After a kill, status line 1."""
    who = f" by {by}" if by else ""
    return f"HALTED {at}{who}: " + "; ".join(part for part in parts if part)


REARM_HINT = ":rearm exits"

# -- guards -------------------------------------------------------------------------------------------

BURST = "Typing in a pane? Keys dropped; trading keys locked for 2 s (kill works)"
LOCKED = "Trading keys locked after a burst of keys; kill works"
OBSERVER = "READ-ONLY: another console has control (:control take)"
UNKNOWN_KEY = "No such key here: ? lists the keys"
NOTHING_SELECTED = "Nothing selected: j/k moves the cursor"
NO_INSTRUMENT = "No instrument: the engine sent none yet"
HINT = "Ctrl+C does nothing here: q detaches (the engine goes on), ^K^K kills"
REPAINTED = "Repainted"


def said_ago(text: str, seconds: float) -> str:
    """An old message must not look like a new one."""
    return f"{text}  ({fmt.age(seconds)} ago)"


def since(when: str, ago: str, what: str) -> str:
    """Attaching again."""
    return f"Since {when} ({ago}): {what}. Enter"


def restarted(name: str, times: int) -> str:
    """A strategy that was started again meanwhile."""
    return f"{name} restarted " + {1: "once", 2: "twice"}.get(times, f"{times} times")


def gone(short_id: str, how: str) -> str:
    """x on an order which ended."""
    return f"{short_id} is gone: {how}" if how else f"{short_id} is gone"


def press_again(key: str, what: str) -> str:
    """A guarded key's first press."""
    return f"{key} again: {what}"


def cancel_all(scope: str, count: int, by: str, keeps: str) -> str:
    """`XX: cancel 12 (BTC-USDT.BIN, manual 3 mm-1 9), keeps 1 stop`"""
    kept = f", keeps {keeps}" if keeps else ""
    return f"XX: cancel {count} ({', '.join(part for part in (scope, by) if part)}){kept}"


def nothing_to_cancel(scope: str, keeps: str) -> str:
    """X found nothing it may cancel."""
    return f"Nothing to cancel ({scope})" + (f", keeps {keeps}" if keeps else "")


def quotes_again(strategy: str) -> str:
    """x on a strategy's order."""
    return f"{strategy} will quote again; Space stops it"


# -- filters, sorts -----------------------------------------------------------------------------------

NO_FILTER_YET = "No filter here: / sets one"
NO_MATCH = "Nothing matches the filter; Esc clears it"
AROUND = "around the end"
FILTER_OFF = "Filter off: all rows"
SORT_REVERSED = "reversed"
FILTER_HELP = "words AND  side:sell  st:dbt  by:mm-1  ven:bin  age>10m  -eth     Enter keeps, Esc clears"


def filter_keys(fields: Iterable[str]) -> str:
    """Under the filter that is being typed; the pane's title counts."""
    return f"Enter keeps, Esc clears   here: {' '.join(sorted(fields))}"


def filter_unknown(word: str, fields: Sequence[str]) -> str:
    """A field which the pane's rows don't have, or an age nobody can read."""
    return f"{word} means nothing here: {' '.join(fields)} (age>10m, by:mm-1, by:mm*)"


def filter_unfinished(word: str) -> str:
    """A field without a value."""
    return f"{word} what?"


def filter_too_long(terms: int) -> str:
    """More words than anybody means."""
    return f"at most {terms} words in a filter"


def no_filter(pane: str) -> str:
    """The ladder's rows are prices."""
    return f"{pane} has nothing to filter or sort: 5 then / filters orders"


def nothing_matches(every: int) -> str:
    """In place of the rows."""
    return f"nothing matches; {every} hidden: Esc clears the filter"


def sorted_by(column: str) -> str:
    """After o."""
    return f"sorted by {column}; O reverses" if column else "the pane's own order"


RANGE_STARTED = "Range begins here: move, then v marks all between; u unmarks"


def marked(count: int) -> str:
    """The second v."""
    return f"{_count(count, 'order', 'orders')} marked: x cancels them, XX too; u unmarks"


def marks(shown: int, hidden: int) -> str:
    """In the title of Orders."""
    return f"{shown} marked" + (f" +{hidden} hidden" if hidden else "")


# -- copy, freeze ---------------------------------------------------------------------------------------

FREEZE = "Frozen: panes stand still, trading keys are off, kill works; f goes on"
THAWED = "The panes move again"
FROZEN_KEYS = "FROZEN: the panes are old, trading keys are off (kill works); f goes on"


def frozen(seconds: float) -> str:
    """In status line 1."""
    return f"FROZEN {fmt.age(seconds)}"


def copied(text: str, *, is_in_tmux: bool) -> str:
    """After y; whether the terminal took it nobody tells us."""
    hint = "   [nothing to paste? tmux set -g set-clipboard on]" if is_in_tmux else ""
    return f"COPY {text}{hint}"


# -- screens --------------------------------------------------------------------------------------------

NO_SCREEN = "No such screen: g, then wait, shows the letters"
PAGE_KEYS = "(g t: all panes)"
NOBODY = "nobody"
NONE = "none"
BUILT_IN = "built-in"
GO_TO = "go to:"

PALETTE_WORD = "a command: its words come next"
PALETTE_NONE = "No action of that name"


def palette_name(action_id: str) -> str:
    """An action as people type it."""
    return action_id.replace("_", " ")


NO_SIZES = "No sizes here: :size 0.05 sets one"


def size_chosen(quantity: str, instrument: str) -> str:
    """After [ ] or :size."""
    return f"size {quantity} for {instrument}"


# -- detach -------------------------------------------------------------------------------------------


def detached(*, mode: Mode, orders: int, positions: int, strategies: int) -> str:
    """Printed after the console has left the screen."""
    return (
        f"Detached. Engine goes on ({mode}): {_count(orders, 'order', 'orders')}, "
        f"{_count(positions, 'position', 'positions')}, {_count(strategies, 'strategy', 'strategies')}. "
        "veloz attach | veloz kill"
    )


DETACHED_BLIND = "Detached. No view of the engine was seen. veloz attach | veloz status | veloz kill"


def ended(reason: str) -> str:
    """The console was ended from outside."""
    return f"Console ended ({reason}); the engine goes on. veloz attach | veloz kill"


# -- tour ---------------------------------------------------------------------------------------------

TOUR = (
    "press ^K once to see the kill banner, Esc stands down",
    "press b, Enter, Enter to buy",
    "the fill becomes a position with its break-even",
    "press 5, select an order with j, x cancels it",
    "press 2, then Space starts mm-1",
    "press ^K ^K: everything stops; then type :rearm full demo",
)


def tour(step: int) -> str:
    """The tour's line; steps count from 1."""
    return f"Tour {step}/{len(TOUR)}: {TOUR[step - 1]} (:tour off)"


# -- plain view ---------------------------------------------------------------------------------------

PLAIN_FOOT = (
    "No terminal: showing this once. Live: run `veloz` in a terminal | veloz watch --plain"
    " | veloz status --json | veloz kill"
)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


PAUSE_MEANS = "pause: strategies pull their quotes, positions stay"
MUTED = "Bell muted for 10 min; CRIT still rings"


def start_live(name: str, limits: str) -> str:
    """Before a strategy starts in LIVE; the focus is on No."""
    return f"START {name} in LIVE? {limits}.   y yes   [any other key: No]"


NOTHING_TO_CLOSE = "No position here: select one in Positions (6)"
CLOSE_DROPPED = "Not closed"
MARKET_MOVED = "The market changed sides: look again, then Enter"


def price_moved(now: str, was: str) -> str:
    """The market came over a reviewed price that nobody had edited."""
    return f"Price now {now} (was {was}): the market came over it. Enter once more"


NOT_READ = "Too fast: read the question, then y"
TOO_FAST = "Too fast: look at the review line, then Enter"
TYPE_YES = "Over 5x your usual size: type yes, then Enter"
ASKING_RISK = "asking risk…"
TICKET_KEYS = "Tab field  Up/Down step  Enter review  Esc drop"
REVIEW_KEYS = "Enter SENDS   any other key: back"
REVIEW_KEYS_UNUSUAL = "type yes, then Enter SENDS   Esc: back"


def close_question(side: str, quantity: str, instrument: str) -> str:
    """C: what one Enter does."""
    return f"CLOSE: {side} {quantity} {instrument} LIMIT IOC through the touch. Enter closes, other keys drop"


def taker(quantity: str, limit: str, side: str) -> str:
    """A crossing order."""
    return f"TAKER: fills {quantity} {'up' if side == 'BUY' else 'down'} to {limit}"


COMMAND_HELP = (
    "buy 0.05 btc @bid | cancel all | strategy start NAME | rearm exits | q     Tab completes, Esc leaves"
)
NO_COMPLETION = "nothing fits here"
RECALLED = "NOT SENT, from the history: change it or press End, then Enter"
TYPED_TOO_FAST = "NOT SENT, faster than people type: if you mean it, Enter once more"
TYPE_PROFILE = "Type the profile's name, then Enter"


def send_live(review: str) -> str:
    """A typed order in LIVE."""
    return f"SEND in LIVE: {review}.   y yes   [any other key: No]"


def not_here(name: str) -> str:
    """A word of the grammar this console can't do."""
    return f"{name}: not in this console yet"


def kill_failed(why: str) -> str:
    """Nobody took the kill up."""
    return f"KILL NOT CONFIRMED by anyone: {why}. Run `veloz kill` in a shell NOW"


def kill_taken_up(who: str, answer: str) -> str:
    """Somebody did."""
    return f"KILL taken up by {who}" + (f": {answer}" if answer else "")

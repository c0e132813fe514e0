"""What Tab offers: the words that can stand where the cursor is, own instruments and orders first. Pure."""

from collections.abc import Callable, Iterable, Sequence

from veloz_tui.control.grammar_orders import ORDER_WORDS
from veloz_tui.control.grammar_strategies import STRATEGY_VERBS, parameters_of
from veloz_tui.control.grammar_types import GrammarContext
from veloz_tui.control.grammar_values import display_of, own_first, position_text, quantity_text
from veloz_tui.control.grammar_verbs import REPORT_KINDS, VERBS
from veloz_tui.domain.types import EXTERNAL, MANUAL, OrderType, RearmLevel

MAX_OFFERED = 50

Hint = tuple[str, str]
"""A word, and what it means."""

MEANINGS = {
    "buy": "QTY INST @PRICE|@bid|market|stop P",
    "sell": "QTY INST @PRICE|@ask|market|stop P",
    "amend": "ID [@PRICE] [qty Q] [stop P]",
    "cancel": "ID.. | all [INST] [VENUE] [by NAME] [stops]",
    "close": "INST [PCT]: LIMIT IOC at the touch",
    "flatten": "INST|all: cancel and close at the market",
    "strategy": "start|stop|pause|set|reset|show NAME",
    "pause": "all strategies pull their quotes",
    "resume": "undo pause and reduce",
    "reduce": "only orders that shrink a position",
    "kill": "cancel everything, latch",
    "rearm": "exits|full: out of HALTED",
    "control": "take: become the console in charge",
    "shutdown": "end the engine",
    "why": "[ID]: how an order came to be, ended ones too; without ID your last",
    "arm": "INST: let the ladder trade",
    "watch": "INST: into the ladder",
    "book": "INST: into the ladder",
    "size": "QTY: what tickets start with",
    "filter": "side:sell st:dbt by:mm-1 age>10m -eth",
    "theme": "NAME: dark, light, color-blind, high-contrast, ansi-16",
    "export": "PANE FILE: the rows as CSV",
    "report": "daily|weekly|monthly",
    "tour": "[off]: the first minutes again",
    "help": "[VERB]",
    "say": "the focused row in words",
    "q": "detach; the engine goes on",
}
"""What each verb wants, as Tab and the help say it."""
_PANES = ("orders", "positions", "account", "strategies", "watch", "alerts", "fills", "book", "tape")


def complete(text: str, context: GrammarContext) -> list[str]:
    """The words that can take the place of the last, unfinished one."""
    return [word for word, _ in hints(text, context)]


def hints(text: str, context: GrammarContext) -> list[Hint]:
    """As `complete`, each with its meaning."""
    words = text.lstrip(": ").split()
    if not words or (len(words) == 1 and not text[-1:].isspace()):
        return _beginning_with(
            words[0] if words else "", ((verb, MEANINGS.get(verb, "")) for verb in VERBS if verb != "stop")
        )
    last = "" if text[-1:].isspace() else words[-1]
    before = [word.lower() for word in words[1 : len(words) - (1 if last else 0)]]
    offer = _OFFERS.get(words[0].lower())
    return _beginning_with(last, offer(before, context)) if offer is not None else []


def _beginning_with(start: str, offered: Iterable[Hint]) -> list[Hint]:
    wanted = start.lower()
    fitting = [(word, meaning) for word, meaning in offered if word.lower().startswith(wanted)]
    return fitting[:MAX_OFFERED]


def _order(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    if not before:
        sizes = [(quantity_text(preset), "preset") for preset in context.presets]
        return [*sizes, ("25%", "of free"), ("max", "all that is free"), ("pos", "the position")]
    if len(before) == 1:
        return _instruments(context)
    if before[-1] == "stop":
        return []
    return [(word, "") for word in ORDER_WORDS if word not in before]


def _instruments(context: GrammarContext) -> list[Hint]:
    held = {one.instrument_id: position_text(one.quantity) for one in context.positions if one.quantity}
    return [(one.display, held.get(one.instrument_id, "")) for one in own_first(context)]


def _orders(context: GrammarContext) -> list[Hint]:
    return [
        (
            one.short_id,
            f"{one.side} {quantity_text(one.leaves)} {display_of(one.instrument_id, context)}"
            + (" stop" if one.order_type is OrderType.STOP_LIMIT else "")
            + (f" @{one.price:,f}" if one.price is not None else ""),
        )
        for one in context.orders
    ]


def _cancel(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    if not before:
        return [("all", "all that fit"), *_orders(context)]
    if before[0] != "all":
        return [hint for hint in _orders(context) if hint[0].lower() not in before]
    if before[-1] == "by":
        return [(MANUAL, "yours"), (EXTERNAL, "not ours"), *_strategies(context)]
    codes = {one.display.rpartition(".")[2]: one.venue for one in context.instruments}
    venues = [(code, str(venue)) for code, venue in sorted(codes.items())]
    words = [("by", "NAME"), ("stops", "stops too"), ("external", "external ones too")]
    return [*_instruments(context), *venues, *(hint for hint in words if hint[0] not in before)]


def _theme(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    return [] if before else [(name, "") for name in context.themes]


def _why(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    return [] if before else _orders(context)


def _amend(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    return [("@bid", ""), ("@ask", ""), ("@mid", ""), ("qty", "")] if before else _orders(context)


def _one_instrument(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    return [] if before else _instruments(context)


def _close(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    if len(before) == 1:
        return [(f"{percent}%", "") for percent in (25, 50, 75, 100)]
    held = {display_of(one.instrument_id, context) for one in context.positions if one.quantity}
    return [] if before else [hint for hint in _instruments(context) if hint[0] in held]


def _flatten(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    return [] if before else [("all", "everything"), *_instruments(context)]


def _strategy(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    if not before:
        return list(STRATEGY_VERBS.items())
    if len(before) == 1:
        return _strategies(context)
    if before[0] in ("set", "reset"):
        return _parameters(before, context)
    return [("keep", "leave its orders resting")] if before[0] == "stop" and len(before) == 2 else []


def _parameters(before: Sequence[str], context: GrammarContext) -> list[Hint]:
    # The value as it is now, to be changed; a name that was written already isn't offered again.
    written = {word.partition("=")[0] for word in before[2:]}
    known = parameters_of(before[1], context)
    return [
        (f"{name}={value}" if before[0] == "set" else name, f"is {value}")
        for name, value in known.items()
        if name.lower() not in written
    ]


def _strategies(context: GrammarContext) -> list[Hint]:
    return [(one.strategy_id, f"{one.state} {one.doing}".rstrip()) for one in context.strategies]


def _words(*words: str) -> Callable[[Sequence[str], GrammarContext], list[Hint]]:
    def offer(before: Sequence[str], context: GrammarContext) -> list[Hint]:
        return [] if before else [(word, "") for word in words]

    return offer


_OFFERS: dict[str, Callable[[Sequence[str], GrammarContext], list[Hint]]] = {
    "buy": _order,
    "sell": _order,
    "amend": _amend,
    "why": _why,
    "cancel": _cancel,
    "close": _close,
    "flatten": _flatten,
    "strategy": _strategy,
    # Not the profile's name: that one is to be typed.
    "rearm": _words(*RearmLevel),
    "control": _words("take"),
    "arm": _one_instrument,
    "watch": _one_instrument,
    "book": _one_instrument,
    "export": _words(*_PANES),
    "report": _words(*REPORT_KINDS),
    "theme": _theme,
    "tour": _words("off"),
    "shutdown": _words("cancel"),
    "help": _words(*VERBS),
}

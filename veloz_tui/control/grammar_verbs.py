"""Every verb but buy and sell. Pure."""

from collections.abc import Callable, Sequence

from veloz_tui.control.grammar_exits import parse_amend, parse_cancel, parse_close, parse_flatten
from veloz_tui.control.grammar_orders import parse_order
from veloz_tui.control.grammar_strategies import parse_strategy
from veloz_tui.control.grammar_types import GrammarContext, LocalCommand, Parsed, fault
from veloz_tui.control.grammar_values import (
    find_instrument,
    number,
    quantity_text,
    shown,
)
from veloz_tui.domain.commands import (
    AnyCommand,
    Kill,
    Pause,
    Rearm,
    Reduce,
    Resume,
    Shutdown,
    TakeControl,
)
from veloz_tui.domain.types import OrderType, RearmLevel, Side, StrategyState

REPORT_KINDS = ("daily", "weekly", "monthly")
_AT_REST = frozenset({StrategyState.STOPPED, StrategyState.FAULTED})

Words = Sequence[str]
Verb = Callable[[Words, GrammarContext], Parsed]


def _buy(words: Words, context: GrammarContext) -> Parsed:
    return parse_order(Side.BUY, _lower(words), context)


def _sell(words: Words, context: GrammarContext) -> Parsed:
    return parse_order(Side.SELL, _lower(words), context)


def _stop(words: Words, context: GrammarContext) -> Parsed:
    strategy = next((one.strategy_id for one in context.strategies), "mm-1")
    return fault(stop_what(strategy), f"strategy stop {strategy}", "sell")


def stop_what(strategy: str) -> str:
    """What a bare `stop` may have meant."""
    return f"stop what? strategy stop {strategy} | sell 0.45 btc stop 63800"


def _rearm(words: Words, context: GrammarContext) -> Parsed:
    levels = [str(level) for level in RearmLevel]
    if not words or words[0].lower() not in levels or len(words) > 2:
        fault(f"rearm what? rearm exits {context.profile} | rearm full {context.profile}", *levels)
    level = RearmLevel(words[0].lower())
    allows = "only orders that shrink a position" if level is RearmLevel.EXITS else "every order"
    review = f"REARM {level} on {context.profile} ({context.mode}): allows {allows}"
    if len(words) == 1:
        return Parsed(
            LocalCommand("rearm", (str(level),)), review=f"{review}. Type the profile's name to confirm"
        )
    if words[1] != context.profile:
        fault(f"{shown(words[1])} is not this profile's name: rearm {level} {context.profile}")
    command = Rearm(command_id=context.next_command_id(), level=level, confirmation=words[1])
    return Parsed(command, review=review, increases_risk=True)


def _control(words: Words, context: GrammarContext) -> Parsed:
    if [word.lower() for word in words] != ["take"]:
        fault("control what? control take", "take")
    return Parsed(
        TakeControl(command_id=context.next_command_id()),
        review="TAKE CONTROL: the other console becomes an observer",
    )


def _kill(words: Words, context: GrammarContext) -> Parsed:
    if words:
        fault("kill takes no words: kill stops everything. One order: cancel 7F3K")
    stops = sum(order.order_type is OrderType.STOP_LIMIT for order in context.orders)
    running = sum(one.state not in _AT_REST for one in context.strategies)
    including = f" INCLUDING {stops} STOPS" if stops else ""
    return Parsed(
        Kill(command_id=context.next_command_id(), kill_id=context.next_command_id()),
        review=f"KILL: stop {running} strategies, cancel {len(context.orders)} orders{including}",
    )


def _shutdown(words: Words, context: GrammarContext) -> Parsed:
    lower = [word.lower() for word in words]
    if lower not in ([], ["cancel"]):
        fault("shutdown takes one word at most: shutdown cancel", "cancel")
    does = "cancel every order" if lower else f"leave {len(context.orders)} orders as the profile says"
    return Parsed(
        Shutdown(command_id=context.next_command_id(), cancels_orders=bool(lower)),
        review=f"SHUTDOWN: stop strategies, {does}, end the engine",
    )


def _plainly(name: str, make: Callable[[GrammarContext], AnyCommand], review: str) -> Verb:
    # A verb without words.
    def parse(words: Words, context: GrammarContext) -> Parsed:
        if words:
            fault(
                f"{name} takes no words"
                + (f"; one strategy: strategy {name} NAME" if name == "pause" else "")
            )
        return Parsed(make(context), review=review, increases_risk=name == "resume")

    return parse


def _local(name: str, *, at_least: int, at_most: int, usage: str) -> Verb:
    # A verb the console does by itself.
    def parse(words: Words, context: GrammarContext) -> Parsed:
        if not at_least <= len(words) <= at_most:
            fault(f"write it like: {usage}")
        return Parsed(LocalCommand(name, tuple(words)), review=" ".join([name, *map(shown, words)]))

    return parse


def _tour(words: Words, context: GrammarContext) -> Parsed:
    if [word.lower() for word in words] not in ([], ["off"]):
        fault("write it like: tour | tour off")
    return Parsed(LocalCommand("tour", tuple(words)), review=" ".join(["tour", *words]))


def _report(words: Words, context: GrammarContext) -> Parsed:
    kinds = " | ".join(REPORT_KINDS)
    if len(words) != 1:
        fault(f"write it like: report {kinds}", *REPORT_KINDS)
    kind = words[0].lower()
    if kind == "custom":
        fault("a custom report is made outside of the console: veloz report custom --from TIME --to TIME")
    if kind not in REPORT_KINDS:
        fault(f"{shown(kind)} is no report: report {kinds}", *REPORT_KINDS)
    return Parsed(LocalCommand("report", (kind,)), review=f"report {kind}")


def _on_instrument(name: str) -> Verb:
    # A verb of the console about one instrument.
    def parse(words: Words, context: GrammarContext) -> Parsed:
        if len(words) != 1:
            fault(f"{name} what? {name} btc", *(one.display for one in context.instruments))
        instrument = find_instrument(words[0], context)
        return Parsed(LocalCommand(name, (instrument.instrument_id,)), review=f"{name} {instrument.display}")

    return parse


def _size(words: Words, context: GrammarContext) -> Parsed:
    if len(words) != 1:
        fault("size what? size 0.05", *(quantity_text(one) for one in context.presets))
    quantity = number(words[0], what="size")
    return Parsed(LocalCommand("size", (f"{quantity:f}",)), review=f"size {quantity_text(quantity)}")


def _lower(words: Words) -> list[str]:
    return [word.lower() for word in words]


VERBS: dict[str, Verb] = {
    "buy": _buy,
    "sell": _sell,
    "amend": parse_amend,
    "cancel": parse_cancel,
    "close": parse_close,
    "flatten": parse_flatten,
    "strategy": parse_strategy,
    "pause": _plainly(
        "pause",
        lambda context: Pause(command_id=context.next_command_id()),
        "PAUSE: all strategies pull their quotes, positions stay",
    ),
    "resume": _plainly(
        "resume",
        lambda context: Resume(command_id=context.next_command_id()),
        "RESUME: undo pause and reduce",
    ),
    "reduce": _plainly(
        "reduce",
        lambda context: Reduce(command_id=context.next_command_id()),
        "REDUCE: from now on only orders that shrink a position",
    ),
    "kill": _kill,
    "rearm": _rearm,
    "control": _control,
    "shutdown": _shutdown,
    "stop": _stop,
    "arm": _on_instrument("arm"),
    "watch": _on_instrument("watch"),
    "book": _on_instrument("book"),
    "size": _size,
    "why": _local("why", at_least=0, at_most=1, usage="why 7F3K"),
    "filter": _local("filter", at_least=0, at_most=20, usage="filter side:sell st:dbt by:mm-1 age>10m -eth"),
    "theme": _local("theme", at_least=0, at_most=1, usage="theme light"),
    "export": _local("export", at_least=2, at_most=2, usage="export orders orders.csv"),
    "report": _report,
    "tour": _tour,
    "help": _local("help", at_least=0, at_most=1, usage="help | help buy"),
    "say": _local("say", at_least=0, at_most=0, usage="say"),
    "q": _local("q", at_least=0, at_most=0, usage="q"),
    "wq": _local("wq", at_least=0, at_most=0, usage="wq"),
}
"""Every first word there is."""

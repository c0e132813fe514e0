"""`strategy start|stop|pause|set|reset|show NAME`. Pure."""

from collections.abc import Sequence

from veloz_tui.control.grammar_types import GrammarContext, LocalCommand, Parsed, fault
from veloz_tui.control.grammar_values import find_strategy, shown
from veloz_tui.domain.commands import PauseStrategy, SetParameters, StartStrategy, StopStrategy
from veloz_tui.domain.types import StrategyId

STRATEGY_VERBS = {
    "start": "",
    "stop": "cancels its orders",
    "pause": "pulls its quotes",
    "set": "KEY=VALUE..: its parameters",
    "reset": "[KEY..]: as the settings file says",
    "show": "parameters, orders, fills, log",
}
SHOW = "show_strategy"


def parse_strategy(words: Sequence[str], context: GrammarContext) -> Parsed:
    """Say what the words after `strategy` mean."""
    names = tuple(one.strategy_id for one in context.strategies)
    example = f"strategy {'|'.join(STRATEGY_VERBS)} {names[0] if names else 'NAME'}"
    if len(words) < 2 or (verb := words[0].lower()) not in STRATEGY_VERBS:
        return fault(f"strategy what? {example}", *STRATEGY_VERBS)
    strategy_id = find_strategy(words[1], context)
    if verb == "set":
        return _set(strategy_id, words[2:], context)
    if verb == "reset":
        return _reset(strategy_id, words[2:], context)
    extra = [word.lower() for word in words[2:]]
    if extra and (extra != ["keep"] or verb != "stop"):
        fault(f"{shown(words[2])} means nothing here: strategy stop {strategy_id} keep leaves its orders")
    if verb == "show":
        return Parsed(LocalCommand(SHOW, (strategy_id,)), review=f"strategy show {strategy_id}")
    return _run(verb, strategy_id, keeps_orders=bool(extra), context=context)


def parameters_of(strategy_id: str, context: GrammarContext) -> dict[str, str]:
    """What the view knows of a strategy's parameters."""
    return next(
        (one.parameters for one in context.strategies if one.strategy_id.lower() == strategy_id.lower()), {}
    )


def _run(verb: str, strategy_id: StrategyId, *, keeps_orders: bool, context: GrammarContext) -> Parsed:
    command_id = context.next_command_id()
    if verb == "start":
        start = StartStrategy(command_id=command_id, strategy_id=strategy_id)
        return Parsed(start, review=f"START {strategy_id}: it places orders by itself", increases_risk=True)
    if verb == "pause":
        pause = PauseStrategy(command_id=command_id, strategy_id=strategy_id)
        return Parsed(pause, review=f"PAUSE {strategy_id}: it pulls its quotes, its position stays")
    orders = sum(order.strategy_id == strategy_id for order in context.orders)
    does = f"keeps its {orders} orders resting" if keeps_orders else f"cancels its {orders} orders"
    stop = StopStrategy(command_id=command_id, strategy_id=strategy_id, keeps_orders=keeps_orders)
    return Parsed(stop, review=f"STOP {strategy_id}: {does}, its position stays")


def _set(strategy_id: StrategyId, words: Sequence[str], context: GrammarContext) -> Parsed:
    known = parameters_of(strategy_id, context)
    name, value = next(iter(known.items()), ("size", "0.02"))
    example = f"strategy set {strategy_id} {name}={value}"
    if not words:
        fault(f"set what? {example}", *(f"{key}=" for key in known))
    values: dict[str, str | None] = {}
    for word in words:
        key, equals, wanted = word.partition("=")
        if not (equals and key and wanted):
            fault(f"{shown(word)} is not KEY=VALUE, without spaces around the =: {example}")
        if key in values:
            fault(f"{shown(key)} is given twice")
        values[key] = wanted
    texts = (f"{shown(key)} {known.get(key, '?')} -> {shown(value or '')}" for key, value in values.items())
    return Parsed(
        SetParameters(command_id=context.next_command_id(), strategy_id=strategy_id, values=values),
        review=f"SET {strategy_id}: {', '.join(texts)}",
        increases_risk=True,
    )


def _reset(strategy_id: StrategyId, words: Sequence[str], context: GrammarContext) -> Parsed:
    known = parameters_of(strategy_id, context)
    keys = tuple(words) or tuple(known)
    if not keys:
        fault(f"{strategy_id} has no parameters that are known: name them", *known)
    for key in keys:
        if known and key not in known:
            fault(
                f"{shown(key)} is not set for {strategy_id}: nothing to reset; set are {', '.join(known)}",
                *known,
            )
    return Parsed(
        SetParameters(
            command_id=context.next_command_id(), strategy_id=strategy_id, values=dict.fromkeys(keys)
        ),
        review=f"RESET {strategy_id}: {', '.join(map(shown, keys))} as the settings file says",
        increases_risk=True,
    )

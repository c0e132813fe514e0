"""Strategies' parameters: what the settings file says, and what an operator set in its place.

An operator's value is an event. It counts over restarts until the file's own value is changed: then the
newer word, the file's, is taken at the next start of the engine. Whether a strategy can take a value only
its own code can say, so it is asked before anything is changed.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from veloz_tui.domain.commands import SetParameters
from veloz_tui.domain.intents import ParametersChecked
from veloz_tui.domain.strategy_events import StrategyParametersSet
from veloz_tui.domain.types import CommandId, Severity, StrategyId, StrategyState
from veloz_tui.domain.views import Ack
from veloz_tui.engine import words
from veloz_tui.engine.actions import CheckParameters, GiveParameters, Reply
from veloz_tui.engine.settings import EngineSettings, StrategySettings
from veloz_tui.engine.state import SetParameter, State
from veloz_tui.engine.turn import Turn

MAX_VALUES: Final = 50
MAX_TEXT: Final = 500
_ALIVE: Final = frozenset({StrategyState.STARTING, StrategyState.RUNNING, StrategyState.PAUSED})


def current(state: State, settings: StrategySettings) -> dict[str, str]:
    """Return every parameter that is given, as JSON by name: the file's, and the operator's over them."""
    return settings.params | {name: one.value for name, one in operators(state, settings).items()}


def operators(state: State, settings: StrategySettings) -> dict[str, SetParameter]:
    """Return those that an operator has set and that still count."""
    record = state.strategies.get(settings.strategy_id)
    known = record.parameters if record is not None else {}
    return {name: one for name, one in known.items() if one.configured == settings.params.get(name, "")}


def shown(turn: Turn, settings: StrategySettings) -> dict[str, str]:
    """Return what is known of its parameters as text: what it described itself, else what is given."""
    described = turn.live.strategy(settings.strategy_id).parameters
    if described:
        return {one.name: one.value for one in described}
    return _texts(current(turn.state, settings))


def params_of(state: State, settings: EngineSettings, strategy_id: StrategyId) -> bytes:
    """Return a strategy's parameters as one JSON object."""
    return _object(current(state, settings_of(settings, strategy_id)))


def set_parameters(turn: Turn, command: SetParameters) -> Ack | None:
    """Ask the strategy whether it can take them; None: its word follows in `on_checked`."""
    known = [one.strategy_id for one in turn.settings.strategies]
    if command.strategy_id not in known:
        text = f"no strategy {command.strategy_id}: configured are {', '.join(known) or 'none'}"
        return _no(command, text)
    if not command.values or len(command.values) > MAX_VALUES:
        return _no(command, f"set what? 1 to {MAX_VALUES} parameters, as in: size=0.02")
    if any(other.strategy_id == command.strategy_id for other in turn.live.parameter_checks.values()):
        return _no(command, f"another change of {command.strategy_id} is being checked: try again")
    long = [name for name, value in command.values.items() if len(name) + len(value or "") > MAX_TEXT]
    if long:
        return _no(command, f"{long[0][:20]}: longer than {MAX_TEXT} characters")
    turn.live.parameter_checks[command.command_id] = command
    wanted = _object(_wanted(turn, command))
    turn.act(CheckParameters(command.strategy_id, command.command_id, wanted))
    return None


def is_asking(turn: Turn, command_id: CommandId) -> bool:
    """Whether the command's strategy is being asked: its answer will come."""
    return command_id in turn.live.parameter_checks


def on_checked(turn: Turn, checked: ParametersChecked) -> None:
    """Make the change true, or say why not. A check nobody waits for only describes."""
    command = turn.live.parameter_checks.pop(checked.check_id, None)
    if command is None:
        return
    ack = _no(command, f"{command.strategy_id} not changed: {checked.error}") if checked.error else None
    ack = ack or _change(turn, command, checked)
    turn.live.remember(ack)
    turn.act(Reply(ack))


def let_go_of_changed(turn: Turn) -> None:
    """At a start: what the settings file says otherwise than when it was set counts as newer."""
    for settings in turn.settings.strategies:
        record = turn.state.strategies.get(settings.strategy_id)
        counting = operators(turn.state, settings)
        gone = {
            name: one.value
            for name, one in (record.parameters if record is not None else {}).items()
            if name not in counting
        }
        if not gone:
            continue
        new = {name: settings.params[name] for name in gone if name in settings.params}
        event = StrategyParametersSet(turn.now, settings.strategy_id, "the settings file", gone, new, new)
        turn.emit(event)
        text = f"{settings.strategy_id} {words.parameter_changes(event)}: the settings file was changed since"
        turn.alert(f"parameters:{settings.strategy_id}", Severity.INFO, text, code="PARAMETERS")


def _change(turn: Turn, command: SetParameters, checked: ParametersChecked) -> Ack:
    settings = settings_of(turn.settings, command.strategy_id)
    before, after = _texts(current(turn.state, settings)), _wanted(turn, command)
    changed = [name for name in command.values if before.get(name) != _texts(after).get(name)]
    if not changed:
        return Ack(command.command_id, is_ok=True, text=f"{command.strategy_id}: so it is already")
    event = StrategyParametersSet(
        turn.now,
        command.strategy_id,
        command.by,
        old={name: _json(before[name]) for name in changed if name in before},
        new={name: after[name] for name in changed if name in after},
        configured={name: settings.params[name] for name in changed if name in settings.params},
    )
    turn.emit(event)
    turn.live.strategy(command.strategy_id).parameters = checked.parameters
    record = turn.state.strategies[command.strategy_id]
    is_alive = record.state in _ALIVE
    if is_alive:
        turn.act(GiveParameters(command.strategy_id, record.run, _object(after)))
    when = "from its next callback on" if is_alive else f"from its next start on, it is {record.state}"
    text = f"{command.strategy_id} {words.parameter_changes(event)} – {when}"
    return Ack(command.command_id, is_ok=True, text=text)


def _wanted(turn: Turn, command: SetParameters) -> dict[str, str]:
    settings = settings_of(turn.settings, command.strategy_id)
    wanted = current(turn.state, settings)
    for name, value in command.values.items():
        configured = settings.params.get(name)
        if configured is not None and value in (None, words.value_text(configured)):
            wanted[name] = configured
        elif value is not None:
            wanted[name] = _json(value)
        else:
            wanted.pop(name, None)
    return wanted


def _json(typed: str) -> str:
    # Lists and tables as they are; anything else is text, which the strategy's types read.
    if typed[:1] in ("[", "{"):
        try:
            return msgspec.json.encode(msgspec.json.decode(typed)).decode()
        except msgspec.DecodeError:
            pass
    return msgspec.json.encode(typed).decode()


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    # So that a number of the settings file and the same one typed are alike.
    return {name: words.value_text(value) for name, value in values.items()}


def _object(texts: Mapping[str, str]) -> bytes:
    return msgspec.json.encode({name: msgspec.Raw(text.encode()) for name, text in texts.items()})


def settings_of(settings: EngineSettings, strategy_id: StrategyId) -> StrategySettings:
    """Return the settings of a configured strategy."""
    """Return the settings of a configured strategy."""
    return next(one for one in settings.strategies if one.strategy_id == strategy_id)


def _no(command: SetParameters, text: str) -> Ack:
    return Ack(command.command_id, is_ok=False, text=text, code="PARAMETERS")

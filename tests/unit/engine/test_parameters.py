"""Parameters at run time: asked for, journaled, given to the run, kept until the settings file changes."""

import msgspec
import pytest

from tests.unit.engine.factories import BTC, MM, SETTINGS, Core
from veloz_tui.domain import commands as c
from veloz_tui.domain.events import (
    AlertRaised,
)
from veloz_tui.domain.intents import ParametersChecked, StrategyHostChanged
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.strategy_events import StrategyParametersSet
from veloz_tui.domain.types import StrategyId
from veloz_tui.domain.views import Ack
from veloz_tui.engine.actions import CheckParameters, GiveParameters, Reply
from veloz_tui.engine.parameters import params_of
from veloz_tui.engine.settings import EngineSettings, StrategySettings
from veloz_tui.engine.state import decode_state, encode_state
from veloz_tui.engine.turn import Turn
from veloz_tui.engine.views import Surroundings, build_view


def settings(**params: str) -> EngineSettings:
    mine = StrategySettings(strategy_id=MM, instruments=(BTC.id,), params=params)
    return msgspec.structs.replace(SETTINGS, strategies=(mine,))


FILE = {"size": '"0.01"', "levels": "5"}


def a_core() -> Core:
    return Core(settings=settings(**FILE))


def ask(core: Core, values: dict[str, str | None], *, by: str = "pid 7") -> CheckParameters:
    core.send(c.SetParameters(command_id=core.new_id(), by=by, strategy_id=MM, values=values))
    (check,) = core.told(CheckParameters)
    assert not core.told(Reply)
    return check


def answer(core: Core, check: CheckParameters, error: str = "") -> Ack:
    size = msgspec.json.decode(check.params_json).get("size", "default")
    described = (Parameter(name="size", value=size, default="0.5", kind="number"),)
    core.send(ParametersChecked(check.check_id, MM, error, () if error else described))
    (reply,) = core.told(Reply)
    return reply.ack


def change(core: Core, **values: str | None) -> Ack:
    return answer(core, ask(core, values))


def given(core: Core, chosen: EngineSettings | None = None) -> object:
    return msgspec.json.decode(params_of(core.state, chosen or settings(**FILE), MM))


def restarted(core: Core, **params: str) -> Core:
    return Core(settings=settings(**params), state=decode_state(encode_state(core.state)))


def test_the_strategy_is_asked_with_all_of_its_parameters_before_anything_changes() -> None:
    core = a_core()
    check = ask(core, {"size": "0.02"})
    assert msgspec.json.decode(check.params_json) == {"size": "0.02", "levels": 5}
    assert given(core) == {"size": "0.01", "levels": 5}
    assert not core.said(StrategyParametersSet)


def test_a_value_it_takes_is_journaled_with_who_old_and_new() -> None:
    core = a_core()
    ack = change(core, size="0.02")
    assert ack.is_ok
    assert "size 0.01 -> 0.02" in ack.text
    (event,) = core.said(StrategyParametersSet)
    assert (event.by, event.old, event.new) == ("pid 7", {"size": '"0.01"'}, {"size": '"0.02"'})
    assert given(core) == {"size": "0.02", "levels": 5}


def test_a_value_it_refuses_changes_nothing_and_says_why() -> None:
    core = a_core()
    ack = answer(core, ask(core, {"size": "0"}), "size must be above 0, not 0")
    assert not ack.is_ok
    assert "not changed: size must be above 0" in ack.text
    assert not core.said(StrategyParametersSet)
    assert given(core) == {"size": "0.01", "levels": 5}


def test_a_running_one_is_given_them_a_stopped_one_at_its_next_start() -> None:
    core = a_core()
    ack = change(core, size="0.02")
    assert not core.told(GiveParameters)
    assert "next start" in ack.text
    core.run_strategy()
    ack = change(core, size="0.03")
    assert "next callback" in ack.text
    (gift,) = core.told(GiveParameters)
    assert msgspec.json.decode(gift.params_json) == {"size": "0.03", "levels": 5}


def test_the_same_value_again_is_no_change() -> None:
    core = a_core()
    ack = change(core, size="0.01", levels="5")
    assert ack.is_ok
    assert not core.said(StrategyParametersSet)


def test_it_survives_a_restart_of_the_engine() -> None:
    core = a_core()
    change(core, size="0.02")
    later = restarted(core, **FILE)
    assert given(later) == {"size": "0.02", "levels": 5}


def test_the_settings_file_wins_once_its_value_was_changed_and_it_is_said() -> None:
    core = a_core()
    change(core, size="0.02", levels="7")
    later = restarted(core, size='"0.03"', levels="5")
    assert given(later, settings(size='"0.03"', levels="5")) == {"size": "0.03", "levels": "7"}
    (event,) = [r.event for r in later.records if isinstance(r.event, StrategyParametersSet)]
    assert (event.old, event.new) == ({"size": '"0.02"'}, {"size": '"0.03"'})
    texts = [r.event.text for r in later.records if isinstance(r.event, AlertRaised)]
    assert any("size 0.02 -> 0.03" in text and "settings file" in text for text in texts)
    assert given(restarted(later, **FILE)) == {"size": "0.01", "levels": "7"}


def test_one_that_left_the_file_is_the_files_again() -> None:
    core = a_core()
    change(core, size="0.02")
    later = restarted(core, levels="5")
    assert given(later, settings(levels="5")) == {"levels": 5}


def test_a_reset_brings_back_the_files_value_or_the_default() -> None:
    core = a_core()
    change(core, size="0.02", depth="9")
    assert given(core) == {"size": "0.02", "levels": 5, "depth": "9"}
    ack = change(core, size=None, depth=None)
    assert "size 0.02 -> 0.01" in ack.text
    assert "depth 9 -> default" in ack.text
    assert given(core) == {"size": "0.01", "levels": 5}
    assert not core.state.strategies[MM].parameters


def test_two_changes_of_one_strategy_are_not_checked_at_once() -> None:
    core = a_core()
    ask(core, {"size": "0.02"})
    ack = core.command(c.SetParameters(command_id=core.new_id(), strategy_id=MM, values={"size": "0.03"}))
    assert not ack.is_ok
    assert "another change" in ack.text


def test_a_command_repeated_while_it_is_checked_acts_once() -> None:
    core = a_core()
    command = c.SetParameters(command_id=core.new_id(), strategy_id=MM, values={"size": "0.02"})
    core.send(command)
    (check,) = core.told(CheckParameters)
    core.send(command)
    assert not core.told(CheckParameters)
    first = answer(core, check)
    assert core.command(command) == first
    assert len([r for r in core.records if isinstance(r.event, StrategyParametersSet)]) == 1


@pytest.mark.parametrize("values", [{}, {"size": "1" * 600}, {str(n): "1" for n in range(51)}])
def test_what_makes_no_sense_asks_nobody(values: dict[str, str | None]) -> None:
    core = a_core()
    command = c.SetParameters(command_id=core.new_id(), strategy_id=MM, values=values)
    assert not core.command(command).is_ok
    assert not core.told(CheckParameters)


def test_an_unknown_strategy_is_said() -> None:
    core = a_core()
    command = c.SetParameters(
        command_id=core.new_id(), strategy_id=StrategyId("nobody"), values={"size": "1"}
    )
    assert "configured are" in core.command(command).text


def test_the_view_shows_what_it_described_when_it_started() -> None:
    core = a_core()
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    described = (
        Parameter(name="size", value="0.01", default="0.5", kind="number"),
        Parameter(name="tolerance", value="2", default="2", kind="number"),
    )
    core.send(StrategyHostChanged(MM, 1, is_running=True, parameters=described))
    turn = Turn(state=core.state, live=core.engine.live, settings=core.engine.settings, now=core.now)
    view = build_view(turn, Surroundings(pid=1), watched=(), depth=1)
    assert view.strategies[0].parameters == {"size": "0.01", "tolerance": "2"}

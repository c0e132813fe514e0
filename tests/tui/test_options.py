"""What the command line hands to the console."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.tui import factories as f
from veloz_tui.commands.console_start import ConsoleStart
from veloz_tui.commands.profile import Profile
from veloz_tui.commands.screen import console_options
from veloz_tui.config.plain import ConsoleSettings


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLORTERM", "truecolor")


def _start() -> ConsoleStart:
    settings = ConsoleSettings(
        theme="light",
        colors="chinese",
        refresh_hz=5.0,
        sizes={f.ETH: (Decimal(1),)},
        close_slippage_bps=Decimal(10),
        day_start_s=0,
        keymap={"kill": ("f9",)},
        mouse=False,
        bell=False,
    )
    return ConsoleStart(settings, (f.ETH, f.BTC))


def test_settings_reach_the_console() -> None:
    options = console_options(Profile("demo"), _start(), since="Since 11:02")
    assert (options.theme, options.colors, options.refresh_hz) == ("light", "chinese", 5.0)
    assert options.sizes == {f.ETH: (Decimal(1),)}
    assert options.instrument == f.ETH
    assert options.keymap == {"kill": ("f9",)}
    assert (options.has_mouse, options.has_bell) == (False, False)
    assert options.since == "Since 11:02"


def test_without_settings_the_console_has_its_defaults_and_its_files() -> None:
    profile = Profile("demo")
    options = console_options(profile, None, since="")
    assert options.history_file == profile.paths.state_directory / "history"
    assert options.themes_dir == profile.paths.config_directory / "themes"
    assert options.has_tour and not options.is_observer and not options.no_color


def test_an_observer_asks_for_no_control_and_gets_no_tour() -> None:
    options = console_options(Profile("demo"), _start(), since="", is_read_only=True)
    assert options.is_observer and not options.has_tour


@pytest.mark.parametrize(("value", "is_off"), [("1", True), ("", False)])
def test_no_color_counts_when_it_says_something(
    value: str, is_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    assert console_options(Profile("demo"), None, since="").no_color is is_off

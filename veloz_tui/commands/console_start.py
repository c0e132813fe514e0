"""What a console is started with, and how it gets it without importing pydantic (10 MB, 0.2 s)."""

import subprocess
import sys

import msgspec

from veloz_tui.commands.profile import Profile
from veloz_tui.config.plain import ConsoleSettings, Settings
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import InstrumentId

SETTINGS_WITHIN_S = 20.0
_SAID = "veloz: "


class ConsoleStart(msgspec.Struct, frozen=True):
    """The console's settings, and the instruments in the settings' order."""

    console: ConsoleSettings
    instruments: tuple[InstrumentId, ...]


class SettingsReader:
    """Reads a profile's settings in a short-lived process, while its maker does other things."""

    def __init__(self, profile: Profile) -> None:
        self._settings: Settings | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "veloz_tui", *profile.arguments, "console-settings"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def settings(self) -> Settings:
        """Wait for them. Raises ConfigError with what that process said."""
        if self._settings is None:
            self._settings = self._read()
        return self._settings

    def console_start(self) -> tuple[ConsoleStart | None, str]:
        """Return the console's part, or None and why: broken settings keep nobody from a running engine."""
        try:
            settings = self.settings()
        except ConfigError as error:
            return None, f"settings can't be used, so the console has its defaults: {error}"
        return ConsoleStart(settings.console, settings.venues.binance.instruments), ""

    def _read(self) -> Settings:
        try:
            out, err = self._process.communicate(timeout=SETTINGS_WITHIN_S)
            if self._process.returncode == 0:
                return msgspec.json.decode(out, type=Settings)
        except (subprocess.TimeoutExpired, msgspec.MsgspecError) as error:
            self._process.kill()
            raise ConfigError(f"the settings can't be read: {error}") from error
        raise _refusal(err.decode(errors="replace"), self._process.returncode)


def _refusal(said: str, code: int) -> ConfigError:
    lines = said.strip().splitlines() or [f"reading the settings ended with {code}"]
    error = ConfigError(
        next((line for line in lines if line.startswith(_SAID)), lines[0]).removeprefix(_SAID)
    )
    error.exit_code = code
    return error

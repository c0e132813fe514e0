"""What a console is started with, and how it gets it without importing pydantic (10 MB, 50 ms)."""

import os
import subprocess
import sys

import msgspec

from veloz_tui.commands.profile import Profile
from veloz_tui.config.plain import ConsoleSettings, Settings
from veloz_tui.domain.types import InstrumentId

SETTINGS_WITHIN_S = 20.0
MAX_BYTES = 65_536


class ConsoleStart(msgspec.Struct, frozen=True):
    """The console's settings, and the instruments in the settings' order."""

    console: ConsoleSettings
    instruments: tuple[InstrumentId, ...]


def encode_start(settings: Settings) -> bytes:
    """Write what a console needs of the settings, for SettingsReader."""
    return msgspec.json.encode(ConsoleStart(settings.console, settings.venues.binance.instruments))


class SettingsReader:
    """Gets a ConsoleStart from an inherited descriptor, or from a short-lived process of ours."""

    def __init__(self, profile: Profile, descriptor: int | None) -> None:
        """Begin; a process runs while the caller does other things."""
        self._descriptor = descriptor
        self._process = None if descriptor is not None else _ask(profile)

    def result(self) -> tuple[ConsoleStart | None, str]:
        """Return it, or None and why: broken settings keep nobody from the console of a running engine."""
        try:
            return msgspec.json.decode(self._read(), type=ConsoleStart), ""
        except (OSError, subprocess.TimeoutExpired, msgspec.MsgspecError, _Refused) as error:
            return None, f"settings can't be used, so the console has its defaults: {error}"

    def _read(self) -> bytes:
        if self._process is None:
            assert self._descriptor is not None
            with os.fdopen(self._descriptor, "rb") as file:
                return file.read(MAX_BYTES)
        out, err = self._process.communicate(timeout=SETTINGS_WITHIN_S)
        if self._process.returncode:
            lines = err.decode(errors="replace").strip().splitlines()
            raise _Refused(lines[0] if lines else f"exit {self._process.returncode}")
        return out


class _Refused(Exception):
    pass


def _ask(profile: Profile) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "veloz_tui", *profile.arguments, "console-settings"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

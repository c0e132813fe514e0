"""What a console is started with."""

import msgspec

from veloz_tui.config.plain import ConsoleSettings
from veloz_tui.domain.types import InstrumentId


class ConsoleStart(msgspec.Struct, frozen=True):
    """The console's settings, and the instruments in the settings' order."""

    console: ConsoleSettings
    instruments: tuple[InstrumentId, ...]

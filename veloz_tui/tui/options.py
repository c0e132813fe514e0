"""How a console was started: what run_console and VelozApp take."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from veloz_tui.domain.types import InstrumentId
from veloz_tui.tui.theme import ColorsOfUp


class ConsoleOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a console can be told; the defaults suit a demo."""

    theme: str = "dark"
    colors: ColorsOfUp = "western"
    no_color: bool = False
    themes_dir: Path | None = None
    keymap: Mapping[str, Sequence[str]] = {}
    refresh_hz: float = 10.0
    sizes: Mapping[InstrumentId, tuple[Decimal, ...]] = {}
    """The ticket's quantities by instrument; none: built-in ones, but in LIVE the field then starts empty."""
    instrument: InstrumentId | None = None
    """The ladder's instrument at start; None: the engine's first."""
    has_mouse: bool = True
    has_bell: bool = True
    has_tour: bool = True
    """Lead through the first steps; in a DEMO only."""
    tour_file: Path | None = None
    """Where the tour stands: the next console goes on there."""
    is_observer: bool = False
    """Look only: never ask for control. Kill works all the same."""
    reads_tmux: bool = True
    """Ask tmux at start whether it takes the kill key."""
    report_command: tuple[str, ...] = ()
    """What makes a report when a kind and `--out FILE` follow; empty: this console can't."""
    reports_dir: Path | None = None
    history_file: Path | None = None
    seen_file: Path | None = None
    """What the last console saw, and by its time when: what happened since is told."""
    since: str = ""
    """Something to say first."""

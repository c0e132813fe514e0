"""`python -m tests.pictures [NAME...]`

Runs the console on a pseudo terminal with a canned engine, once for each case and size, and writes what the
terminal shows to docs/pictures/CASE-SIZE.svg. NAME limits that to pictures whose name contains it. The
engine's time stands still, so the same program gives the same pictures.
"""

import re
import sys
import time
from pathlib import Path
from typing import Final

from tests.pictures.cases import CASES, SIZES
from tests.pictures.svg import picture
from tests.tui.terminal import ROOT, Terminal

FOLDER: Final = ROOT / "docs" / "pictures"
STABLE_S: Final = 2.5
"""A screen that hasn't changed for so long is finished: a frame may wait 1 s for this terminal's answer."""
_SGR: Final = re.compile(rb"\x1b\[([0-9;]*)m")


class CameraTerminal(Terminal):
    """A terminal whose emulator keeps dim text apart, which pyte doesn't know: as italics, never used here.

    It never tells where its cursor is, or the console would show how fast it answers.
    """

    def _feed(self, data: bytes) -> None:
        super()._feed(_SGR.sub(_dim_as_italics, data))


def _dim_as_italics(found: re.Match[bytes]) -> bytes:
    parameters = found.group(1).split(b";")
    changed: list[bytes] = []
    rest = iter(parameters)
    for parameter in rest:
        if parameter in {b"38", b"48"}:  # a color, with numbers of its own
            kind = next(rest, b"")
            count = 3 if kind == b"2" else 1
            changed += [parameter, kind, *(next(rest, b"0") for _ in range(count))]
        else:
            changed.append({b"2": b"3", b"22": b"22;23"}.get(parameter, parameter))
    return b"\x1b[" + b";".join(changed) + b"m"


def take(case: str, size: str) -> str:
    """One picture as SVG. Raises AssertionError if the console doesn't show its panes in time."""
    columns, rows = SIZES[size]
    terminal = CameraTerminal(
        columns=columns,
        rows=rows,
        answers=False,
        program=("tests.pictures.program", case),
        environment={"COLORTERM": "truecolor"},
    )
    try:
        terminal.start()
        _settle(terminal)
        return picture(terminal.screen)
    finally:
        terminal.close()


def _settle(terminal: Terminal) -> None:
    shown, since = "", time.monotonic()

    def is_stable() -> bool:
        nonlocal shown, since
        now = "\n".join(terminal.screen.display)
        if now != shown:
            shown, since = now, time.monotonic()
        return time.monotonic() - since > STABLE_S

    terminal.wait(is_stable)


def path_of(case: str, size: str) -> Path:
    """Where a picture is kept."""
    return FOLDER / f"{case}-{size}.svg"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        for size in SIZES:
            path = path_of(case, size)
            if sys.argv[1:] and not any(wanted in path.name for wanted in sys.argv[1:]):
                continue
            path.write_text(take(case, size), encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)} {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()

"""`:report KIND`: a report made by a process of its own, into a new file."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from veloz_tui.tui import fmt, texts
from veloz_tui.tui.session import Session

REPORT_S: Final = 600.0
_WORDS: Final = 400


def report(session: Session, args: tuple[str, ...]) -> None:
    """`:report KIND`: have it made."""
    session.shell.report(args[0])


async def make_report(command: Sequence[str], folder: Path, kind: str) -> tuple[str, bool]:
    """Run `veloz report KIND`; return what to say, and whether there is a report."""
    path = folder / f"{kind}-{time.strftime('%Y-%m-%dT%H%M%SZ', time.gmtime())}.md"
    try:
        if not await asyncio.to_thread(_prepare, folder, path):
            return texts.reports.exists(str(path)), False
        child = await asyncio.create_subprocess_exec(
            *command,
            kind,
            "--out",
            str(path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # where it can step back behind the engine as a whole
        )
    except OSError as error:
        return texts.reports.report_failed(error.strerror or str(error)), False
    try:
        async with asyncio.timeout(REPORT_S):
            _, said = await child.communicate()
    except TimeoutError:
        return texts.reports.report_failed(texts.reports.REPORT_TIMEOUT), False
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        why = fmt.clean(said[-_WORDS:].decode(errors="replace").strip())
        return texts.reports.report_failed(why), False
    return texts.reports.reported(str(path)), True


def _prepare(folder: Path, path: Path) -> bool:
    folder.mkdir(mode=0o700, exist_ok=True)
    return not path.exists()

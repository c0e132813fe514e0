"""`kill-*.json`: what a hard kill found, on disk before anything else; the next engine takes it in."""

from pathlib import Path

import msgspec

from veloz_tui.config.filesystem import write_atomically
from veloz_tui.runtime.sweep import SweepReport

_SAFE = str.maketrans({"/": "-", "\\": "-", "\0": "-"})


def write_report(directory: Path, report: SweepReport) -> None:
    """Write the report durably, over the one before of the same kill."""
    name = f"kill-{report.kill_id.translate(_SAFE)[:80]}.json"
    write_atomically(directory / name, msgspec.json.encode(report))


def take_reports(directory: Path) -> list[SweepReport]:
    """Return the reports not yet taken in, oldest first, and mark them as taken."""
    reports = []
    for path in sorted(directory.glob("kill-*.json"), key=lambda path: path.stat().st_mtime):
        try:
            reports.append(msgspec.json.decode(path.read_bytes(), type=SweepReport))
        except (OSError, msgspec.DecodeError):
            continue  # half written by a crash: the flag says all that must be known
        finally:
            path.replace(path.with_suffix(".taken"))
    return reports

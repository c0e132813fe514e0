"""`veloz report`: what the journal says of a day, a week, a month or any time."""

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import click

from veloz_tui.commands.parts import load_settings
from veloz_tui.commands.profile import Profile, say
from veloz_tui.commands.report_source import JournalSource, Pace, Progress
from veloz_tui.commands.trade import BadWords
from veloz_tui.config.filesystem import write_atomically
from veloz_tui.config.lock import holder_pid
from veloz_tui.domain.errors import JournalError, OperatorError
from veloz_tui.domain.types import Asset, Nanos
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.reader import JournalReader
from veloz_tui.reports.build import build
from veloz_tui.reports.period import Period, custom, daily, day_of, monthly, nanos_of, text_of, weekly
from veloz_tui.reports.report import Group, Report

CALENDAR = {"daily": daily, "weekly": weekly, "monthly": monthly}
FORMATS = ("md", "csv", "json", "html")
GROUPS: tuple[Group, ...] = ("strategy", "instrument", "hour")
NICE = 15
Render = Callable[[Report, tuple[Group, ...]], str]


@click.command()
@click.argument("kind", type=click.Choice(["daily", "weekly", "monthly", "custom"]))
@click.option("--day", metavar="YYYY-MM-DD", help="The day, or one of the week or month.  [today]")
@click.option("--from", "since", metavar="TIME", help="custom: the first moment, in UTC.")
@click.option("--to", "until", metavar="TIME", help="custom: the moment after the last.")
@click.option("--by", multiple=True, type=click.Choice(GROUPS), help="Only this table; may be repeated.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="md", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write to this new file (0600).  [the screen]")
@click.option("--force", is_flag=True, help="Replace the file of --out if it is there.")
@click.pass_obj
def report(
    profile: Profile,
    *,
    kind: str,
    day: str | None,
    since: str | None,
    until: str | None,
    by: tuple[Group, ...],
    form: str,
    out: Path | None,
    force: bool,
) -> int:
    """Report PnL, fees, orders, doubts, latencies and uptime from the journal; with or without an engine.

    Days are UTC and begin at the setting console.day_start. Times are 2026-11-22 or 2026-11-22T14:30.

    \b
    veloz report daily
    veloz report monthly --day 2026-11-01 --by strategy --format csv --out november.csv
    veloz report custom --from 2026-11-22T08:00 --to 2026-11-22T12:00 --format json
    """
    _give_way()
    if out is not None and not force:
        _check_new(out)
    settings = load_settings(profile.name, profile.config_path)
    now = Nanos(time.time_ns())
    period = _period(kind, day, since, until, now=now, day_start_s=settings.console.day_start_s)
    render = _renderer(form)
    text = render(_read(profile, period, settings.profile.quote, now=now), by or GROUPS)
    if out is None:
        click.echo(text, nl=False)
        return 0
    if not force:
        _check_new(out)  # one may have come while this was read
    _write(out, text)
    say(f"wrote {out}")
    return 0


def _period(
    kind: str, day: str | None, since: str | None, until: str | None, *, now: Nanos, day_start_s: int
) -> Period:
    if kind == "custom":
        if since is None or until is None or day is not None:
            raise BadWords("a custom report has --from and --to – veloz report custom --from … --to …")
        begin, end = _moment(since, "--from"), _moment(until, "--to")
        if begin >= end:
            raise BadWords(f"--to {text_of(end)} is not after --from {text_of(begin)}")
        return custom(begin, end)
    if since is not None or until is not None:
        raise BadWords(f"--from and --to belong to custom – or: veloz report {kind} --day 2026-11-22")
    return CALENDAR[kind](_day(day) if day else day_of(now, day_start_s=day_start_s), day_start_s=day_start_s)


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise BadWords(f"--day {text!r} is no date – like 2026-11-22") from None
    _check_year(found.year, "--day", text)
    return found


def _moment(text: str, option: str) -> Nanos:
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadWords(f"{option} {text!r} is no time – like 2026-11-22 or 2026-11-22T14:30") from None
    _check_year(found.year, option, text)
    return nanos_of(found)


def _check_year(year: int, option: str, text: str) -> None:
    # Nanoseconds from 1970 fit into the journal's 64 bits up to 2262.
    if not 1970 < year < 2262:
        raise BadWords(f"{option} {text!r} is outside of 1971 to 2261")


def _renderer(form: str) -> Render:
    return cast(Render, importlib.import_module(f"veloz_tui.reports.{form}").render)


def _read(profile: Profile, period: Period, reporting: Asset, *, now: Nanos) -> Report:
    database = JournalFiles(profile.paths.journal.parent).database
    if not database.exists():
        raise JournalError(f"there is no journal yet – {database} – it begins with the first start: veloz")
    is_alive = holder_pid(profile.paths.engine_lock) is not None
    with JournalReader(database) as reader, Progress() as progress:
        source = JournalSource(reader, progress, Pace(is_gentle=is_alive))
        return build(source, period, reporting=reporting, alive_at=now if is_alive else None)


def _give_way() -> None:
    """An engine that trades on the same processors and disk goes first."""
    os.nice(NICE)
    if sys.platform == "linux":
        # Whoever wakes up takes the processor at once, and the disk's queue follows the class.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if os.getsid(0) == os.getpid():
        # Linux may share processors by session first ("autogroup", sched(7)): what a process is within its
        # own then counts for nothing beside another one's. A shell's session isn't ours to slow down.
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text("19")


def _check_new(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise OperatorError(f"{path} exists – nothing was written – choose another name, or add --force")


def _write(path: Path, text: str) -> None:
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise OperatorError(f"the report can't be written – {path} – {error.strerror}") from error

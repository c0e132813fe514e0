"""`veloz journal verify | backup`."""

from pathlib import Path

import click

from veloz_tui.commands.profile import Profile, emit, emit_json, json_option
from veloz_tui.domain.errors import JournalError
from veloz_tui.journal.backup import backup
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.verify import VerifyReport, verify

EXIT_DAMAGED = JournalError.exit_code


@click.group()
def journal() -> None:
    """Look after the journal of orders, fills and decisions."""


@journal.command("verify")
@json_option
@click.pass_obj
def verify_command(profile: Profile, *, as_json: bool) -> int:
    """Check every byte: pages, hash chain, gaps, anchor, snapshots. Changes nothing; ends with 3 if damaged.

    \b
    veloz journal verify
    """
    files = _files(profile)
    return _report(verify(files), as_json=as_json)


@journal.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def backup_command(profile: Profile, *, target: Path, as_json: bool) -> int:
    """Copy the journal to TARGET, also while the engine runs, and check the copy.

    \b
    veloz journal backup /backup/journal-2026-11-22.db
    """
    return _report(backup(_files(profile).database, target), as_json=as_json)


def _files(profile: Profile) -> JournalFiles:
    files = JournalFiles(profile.paths.journal.parent)
    if not files.database.exists():
        raise JournalError(
            f"there is no journal yet – {files.database} – it begins with the first start: veloz"
        )
    return files


def _report(found: VerifyReport, *, as_json: bool) -> int:
    if as_json:
        emit_json(found)
    else:
        emit(found.text())
    return 0 if found.is_ok else EXIT_DAMAGED

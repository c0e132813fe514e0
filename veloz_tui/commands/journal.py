"""`veloz journal verify | backup | accept-loss | set-aside`."""

import time
from pathlib import Path

import click

from veloz_tui.commands.profile import Profile, emit, emit_json, is_interactive, json_option
from veloz_tui.commands.trade import BadWords
from veloz_tui.config.lock import holder_pid
from veloz_tui.domain.errors import JournalError, OperatorError
from veloz_tui.journal.backup import backup
from veloz_tui.journal.files import JournalFiles, set_aside
from veloz_tui.journal.load import accept_loss
from veloz_tui.journal.verify import VerifyReport, verify

EXIT_DAMAGED = JournalError.exit_code
confirm_option = click.option("--confirm", metavar="NAME", help="The profile's name, instead of typing it.")


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
    """Copy the journal to TARGET and check the copy.

    Also while the engine runs.

    \b
    veloz journal backup /backup/journal-2026-11-22.db
    """
    return _report(backup(_files(profile).database, target), as_json=as_json)


@journal.command("accept-loss")
@confirm_option
@click.pass_obj
def accept_loss_command(profile: Profile, *, confirm: str | None) -> int:
    """Go on without the newest events, which are lost.

    After a restored backup or a power cut; the engine refuses to start until then, and says so.
    Orders and fills since then are asked from the venues at the next start. Not needed otherwise, and
    refused while an engine runs.

    \b
    veloz journal accept-loss
    veloz --profile live journal accept-loss --confirm live
    """
    files = _files(profile)
    _check_stands_still(profile)
    _check_name(profile, confirm, what="accept the loss", command="accept-loss")
    last, accepted = accept_loss(files)
    emit(f"accepted: {accepted}" if accepted else f"nothing is lost: the journal ends at event {last}")
    if accepted:
        emit(f"the journal goes on after event {last} – start it: veloz")
    return 0


@journal.command("set-aside")
@confirm_option
@click.pass_obj
def set_aside_command(profile: Profile, *, confirm: str | None) -> int:
    """Put a damaged journal aside; begin a new one.

    It is kept in a folder of its own, and the next start begins a new one. Open orders and balances come
    from the venues then; entry prices and PnL of what is held are unknown.

    \b
    veloz journal set-aside
    """
    files = JournalFiles(profile.paths.journal.parent)
    if not files.present():
        raise JournalError(f"there is no journal – {files.database} – nothing to set aside")
    _check_stands_still(profile)
    _check_name(profile, confirm, what="set the journal aside", command="set-aside")
    target = set_aside(files, label=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    emit(f"the journal was moved to {target} – the next start begins a new one: veloz")
    return 0


def _check_stands_still(profile: Profile) -> None:
    pid = holder_pid(profile.paths.engine_lock)
    if pid is not None:
        raise OperatorError(f"the engine is running as process {pid} – end it first: veloz shutdown")


def _check_name(profile: Profile, confirm: str | None, *, what: str, command: str) -> None:
    hint = f"veloz journal {command} --confirm {profile.name}"
    if confirm is None and not is_interactive():
        raise BadWords(f"the profile's name has to be typed – {hint}")
    asked = f"To {what}: type the profile's name ({profile.name})"
    typed = confirm if confirm is not None else str(click.prompt(asked, err=True)).strip()
    if typed != profile.name:
        raise BadWords(f"{typed!r} is not this profile's name, nothing changed – {hint}")


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

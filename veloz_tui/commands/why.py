"""`why` and `wire`: how things came to be, and what was really sent and received."""

import asyncio
import shutil
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from veloz_tui.commands.answers import NoAnswer
from veloz_tui.commands.profile import Profile, emit, emit_json, json_option
from veloz_tui.control.client import ask_question
from veloz_tui.control.connection import EngineConnection, Greeting, open_connection
from veloz_tui.control.identity import own_name
from veloz_tui.control.oneshot import ask_over
from veloz_tui.domain.queries import AskWhy, AskWire, Chain, WireEntry, WireLog
from veloz_tui.tui import fmt
from veloz_tui.tui.panes.why import lines

LOOK_EVERY_S: Final = 0.3
AT_ONCE: Final = 500
_NARROWEST: Final = 60


@click.command()
@click.argument("subject", metavar="[ID]", default="")
@json_option
@click.pass_obj
def why(profile: Profile, *, subject: str, as_json: bool) -> int:
    """Say how an order came to be: who asked, each risk check, wire, venue, fills.

    ID is the end of an order's id (ended orders too), an alert's key, or event:NUMBER of the journal.
    Without one: your last order, a denied one too.

    \b
    veloz why
    veloz why 7F3K
    veloz why 7F3K --json | jq '.steps[].text'
    """
    told = asyncio.run(ask_question(profile.paths, AskWhy(subject)))
    if not isinstance(told, Chain):
        raise NoAnswer(told)
    if as_json:
        emit_json(told)
        return 0
    emit(fmt.clean(told.title))
    width = max(_NARROWEST, shutil.get_terminal_size().columns)
    for line in lines(told, width=width):
        emit(f"{line.time}{line.text}".rstrip())
    return 0


@click.command()
@click.option("--follow", is_flag=True, help="Go on as it happens; Ctrl+C ends it.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, AT_ONCE), help="The newest.")
@json_option
@click.pass_obj
def wire(profile: Profile, *, follow: bool, count: int, as_json: bool) -> int:
    """Print what was sent and received on the private side, oldest first; keys and signatures never.

    \b
    veloz wire
    veloz wire --follow --json      one JSON object a line
    """
    asyncio.run(_wire(profile, follows=follow, count=count, as_json=as_json))
    return 0


async def _wire(profile: Profile, *, follows: bool, count: int, as_json: bool) -> None:
    greeting = Greeting(name=own_name(), wants_control=False, wants_views=False)
    paths = profile.paths
    async with await open_connection(
        engine_path=paths.engine_socket, token_path=paths.session_token, greeting=greeting
    ) as connection:
        log = await _log(connection, AskWire(limit=count))
        _print(log.entries, as_json=as_json)
        while follows:
            await asyncio.sleep(LOOK_EVERY_S)
            log = await _log(connection, AskWire(after=log.last, limit=AT_ONCE))
            _print(log.entries, as_json=as_json)


async def _log(connection: EngineConnection, query: AskWire) -> WireLog:
    told = await ask_over(connection, query)
    if isinstance(told, WireLog):
        return told
    raise NoAnswer(told)


def _print(entries: Sequence[WireEntry], *, as_json: bool) -> None:
    for entry in entries:
        emit(msgspec.json.encode(entry).decode() if as_json else _line(entry))


def _line(entry: WireEntry) -> str:
    arrow = "->" if entry.is_sent else "<-"
    ms = "" if entry.ms is None else f"{entry.ms:.1f}ms"
    parts = (
        f"{fmt.timestamp(entry.at)[:-1]}.{entry.at // 1_000_000 % 1000:03d}Z",
        arrow,
        entry.venue,
        f"{entry.channel:<6}",
        entry.topic,
        entry.client_order_id[-4:],
        ms,
        entry.outcome,
        entry.payload,
    )
    return fmt.clean(" ".join(part for part in parts if part))

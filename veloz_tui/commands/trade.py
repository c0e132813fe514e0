"""The console's words as commands: parsed by the same grammar, against the engine's present view."""

from decimal import Decimal

import click
import msgspec

from veloz_tui.commands.profile import Profile, emit, emit_json, is_interactive, json_option, say
from veloz_tui.control.client import fetch_view, new_command_id, run_command
from veloz_tui.control.grammar import GrammarContext, GrammarError, LocalCommand, Parsed, parse
from veloz_tui.control.grammar_values import quantity_text
from veloz_tui.domain.commands import AmendOrder, AnyCommand, ClosePosition, PlaceOrder
from veloz_tui.domain.errors import OperatorError
from veloz_tui.domain.types import Mode
from veloz_tui.domain.views import Ack, Verdict, View

ANSWER_WITHIN_S = 5.0
_HUGE = Decimal(10) ** 15
_OWN_COMMANDS = frozenset({"why", "export", "report", "rearm", "show_strategy"})
"""What the console does by itself, and a `veloz` command does too."""


class BadWords(OperatorError):
    """The words mean nothing; the text says what to write."""

    exit_code = 2


class HowToSend(msgspec.Struct, frozen=True, kw_only=True):
    """The options beside the words."""

    is_dry: bool = False
    is_sure: bool = False
    as_json: bool = False


def _words_command(name: str, help_text: str, *, usage: str) -> click.Command:
    # One command of the grammar: its words after its name, the same options for all.
    def run(words: tuple[str, ...], *, dry_run: bool, yes: bool, as_json: bool) -> int:
        profile = click.get_current_context().obj
        assert isinstance(profile, Profile)
        how = HowToSend(is_dry=dry_run, is_sure=yes, as_json=as_json)
        said = words if name == "order" else (name, *words)
        return send_words(profile, said, how)

    run.__doc__ = f"{help_text}\n\n\b\n{usage}"
    run = json_option(run)
    run = click.option("--yes", is_flag=True, help="Don't ask in LIVE.")(run)
    run = click.option("--dry-run", is_flag=True, help="Only say what would happen.")(run)
    run = click.argument("words", nargs=-1, metavar="WORDS…")(run)
    return click.command(name, context_settings={"ignore_unknown_options": True})(run)


def send_words(profile: Profile, words: tuple[str, ...], how: HowToSend) -> int:
    """Parse, ask where that is due, send, print the answer. BadWords if they mean nothing."""
    view = fetch_view(profile.paths)
    context = GrammarContext.from_view(view, next_command_id=new_command_id)
    found = parse(" ".join(words), context)
    if isinstance(found, GrammarError):
        raise BadWords(found.text)
    if isinstance(found.command, LocalCommand):
        raise BadWords(_elsewhere(" ".join(words).lstrip(": "), found.command))
    command = _sendable(found.command, is_dry=how.is_dry)
    if command is None:
        emit(f"would be: {found.review}")
        return 0
    if not how.is_dry:
        _confirm(found, view, how)
    ack = run_command(profile.paths, command, timeout_s=ANSWER_WITHIN_S)
    return report(ack, review=found.review, as_json=how.as_json)


def _elsewhere(said: str, command: LocalCommand) -> str:
    if command.name in _OWN_COMMANDS:
        return f"that is a command of its own: veloz {said}"
    return f"{command.name} works inside the console only: veloz, then :{said}"


def _sendable(command: AnyCommand, *, is_dry: bool) -> AnyCommand | None:
    # None: a dry run of what the engine can't try out.
    if not is_dry:
        return command
    if isinstance(command, PlaceOrder | ClosePosition | AmendOrder):
        return msgspec.structs.replace(command, is_dry=True)
    return None


def _confirm(found: Parsed, view: View, how: HowToSend) -> None:
    # Risk-increasing and real: somebody must have read the review line.
    if not found.increases_risk or view.status.mode is not Mode.LIVE or how.is_sure:
        return
    if not is_interactive():
        raise BadWords(f"LIVE: {found.review} – nobody was asked – add --yes if you mean it")
    click.confirm(f"LIVE: {found.review}. Send it?", abort=True, err=True)


def report(ack: Ack, *, review: str, as_json: bool) -> int:
    """Print an answer; return 0 if it was yes, else 1."""
    if as_json:
        emit_json({"review": review, **msgspec.structs.asdict(ack)})
    else:
        say(review)
        if ack.is_ok:
            emit(ack.text or _verdict_text(ack.verdict))
        else:
            say(f"veloz: {ack.text}")
    return 0 if ack.is_ok else 1


def _verdict_text(verdict: Verdict | None) -> str:
    if verdict is None:
        return "OK"
    numbers = (
        ("value", verdict.notional),
        ("taker fee" if verdict.fee_is_taker else "maker fee", verdict.fee),
        ("free after", verdict.free_after),
        ("position after", verdict.position_after),
        ("queue ahead", verdict.ahead),
    )
    known = [f"{name} {_short(value)}" for name, value in numbers if value is not None]
    return ", ".join(["would pass" if verdict.is_ok else f"would be denied: {verdict.text}", *known])


def _short(value: Decimal) -> str:
    return quantity_text(value.quantize(Decimal("1e-8"))) if value.is_finite() and abs(value) < _HUGE else "-"


order = _words_command(
    "order",
    "Say anything the console's : line takes.",
    usage="veloz order buy 0.05 btc @bid-2t post\n"
    "veloz order cancel all btc\n"
    "veloz order sell pos btc market reduce",
)
buy = _words_command(
    "buy",
    "Place a buy order: QTY INST (@PRICE|@bid[±Nt]|@mid|market|stop P) [post|ioc|fok] [reduce].",
    usage="veloz buy 0.05 btc @64,123.60 post\nveloz buy 1000u eth market\nveloz buy 0.05 btc @bid --dry-run",
)
sell = _words_command(
    "sell",
    "Place a sell order: QTY INST (@PRICE|@ask[±Nt]|@mid|market|stop P) [post|ioc|fok] [reduce].",
    usage="veloz sell pos btc market reduce\nveloz sell 0.45 btc stop 63800",
)
amend = _words_command(
    "amend",
    "Change an order: canceled first, then placed anew. ID [@PRICE] [qty Q] [stop P]; Q is the new total.",
    usage="veloz amend 7F3K @64,120\nveloz amend 7F3K @bid qty 0.1\nveloz amend 7F3K stop 63,800 @63,700",
)
cancel = _words_command(
    "cancel",
    "Cancel orders by the end of their id, or all that fit.",
    usage="veloz cancel 7F3K\nveloz cancel all btc\nveloz cancel all by mm-1 stops",
)
close = _words_command(
    "close", "Close a position with a limit order at the touch.", usage="veloz close btc\nveloz close btc 50%"
)
flatten = _words_command(
    "flatten",
    "Cancel an instrument's orders and close its position at the market.",
    usage="veloz flatten btc\nveloz flatten all",
)
strategy = _words_command(
    "strategy",
    "Start, stop or pause a strategy, or set its parameters while it runs.",
    usage="veloz strategy start mm-1\nveloz strategy stop mm-1 keep\n"
    "veloz strategy set mm-1 size=0.02 half_spread_bps=4\nveloz strategy reset mm-1 size",
)
pause = _words_command("pause", "All strategies pull their quotes; positions stay.", usage="veloz pause")
resume = _words_command("resume", "Undo pause and reduce.", usage="veloz resume")
reduce = _words_command("reduce", "From now on only orders that shrink a position.", usage="veloz reduce")

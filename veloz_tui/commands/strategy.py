"""`veloz strategy`: the console's words for strategies, and `new`, which writes one to begin with."""

import asyncio
import importlib.util
import keyword
import re
from pathlib import Path

import click

from veloz_tui.commands import trade
from veloz_tui.commands.answers import NoAnswer
from veloz_tui.commands.profile import Profile, emit, emit_json, json_option
from veloz_tui.control.oneshot import ask_question
from veloz_tui.domain.errors import OperatorError
from veloz_tui.domain.queries import AskStrategy
from veloz_tui.domain.strategy_views import StrategyDetail
from veloz_tui.domain.types import StrategyId
from veloz_tui.strategy.example import example_of
from veloz_tui.tui.panes.strategy import sections

_NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")


class CantWrite(OperatorError):
    """The new strategy's name or place won't do; nothing was written."""

    exit_code = 2


class _Words(click.Group):
    # `new` is a command of its own; everything else are the words of the console's grammar.
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "", trade.strategy, args  # no name of its own: `veloz strategy start …`


@click.group(
    cls=_Words,
    invoke_without_command=True,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    subcommand_metavar="start|stop|pause NAME [keep] | set NAME KEY=VALUE… | reset NAME [KEY…] | "
    "show NAME | new NAME",
)
@click.pass_context
def strategy(ctx: click.Context) -> int:
    """Start, stop or pause a strategy, set its parameters, look at it, or write a new one.

    \b
    veloz strategy start mm-1
    veloz strategy stop mm-1 keep
    veloz strategy set mm-1 size=0.02 half_spread_bps=4
    veloz strategy show mm-1
    veloz strategy new mine
    """
    if ctx.invoked_subcommand is None:
        raise CantWrite("strategy what? strategy start|stop|pause|set|reset|show NAME | strategy new NAME")
    return 0


@strategy.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(profile: Profile, *, name: str, as_json: bool) -> int:
    """One strategy in full: parameters and what they may be, orders, fills, results, log, why it waits.

    \b
    veloz strategy show mm-1
    """
    detail = asyncio.run(ask_question(profile.paths, AskStrategy(StrategyId(name))))
    if not isinstance(detail, StrategyDetail):
        raise NoAnswer(detail)
    if as_json:
        emit_json(detail)
        return 0
    for section in sections(detail):
        emit(section.title)
        for fact in section.facts:
            emit(f"  {fact.label:<18}  {fact.text}".rstrip())
    return 0


@strategy.command()
@click.argument("name")
@click.pass_obj
def new(profile: Profile, *, name: str) -> int:
    """Write a commented strategy and its test into the strategies folder. Never overwrites.

    \b
    veloz strategy new mine
    """
    _check_name(name)
    profile.paths.create()
    folder = profile.paths.strategies
    code, test = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in (code, test):
        if path.exists() or path.is_symlink():
            raise CantWrite(f"{path} is there already: nothing was written. Take another name")
    for path, text in zip((code, test), example_of(name), strict=True):
        with path.open("x", encoding="utf-8") as file:  # never over another's
            file.write(text)
    emit(_what_next(profile, name, code=code, test=test))
    return 0


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise CantWrite(f"{name!r} can't name a strategy's file: use a-z 0-9 _, at most 16, a letter first")
    if importlib.util.find_spec(name) is not None:
        raise CantWrite(f"{name} is the name of a Python module: take another, for example my_{name[:13]}")


def _what_next(profile: Profile, name: str, *, code: Path, test: Path) -> str:
    settings = profile.config_path or profile.paths.config_file
    veloz = " ".join(["veloz", *(profile.arguments if profile.name != "demo" else [])])
    init = "" if settings.exists() else f" ({veloz} init writes one)"
    return f"""wrote {code}
wrote {test}
Test it:       python -m pytest {test}
Configure it:  add to {settings}{init}

[strategies.{name}]
class = "{name}.py"
instrument = "BTCUSDT.BINANCE"
[strategies.{name}.params]
size = "0.001"

Run it:        {veloz} shutdown, {veloz} engine, {veloz} strategy start {name}"""

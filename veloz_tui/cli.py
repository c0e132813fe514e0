"""The `veloz` command. Thin: names, help and errors; what a command does is in `commands`, loaded on demand.

Exit codes: 0 done · 1 refused, or the operator gave up · 2 settings or usage · 3 journal · 4 not running ·
70 a bug (the text names the log file).
"""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

import click

from veloz_tui.domain.errors import VelozError
from veloz_tui.runtime.garbage import seldom_garbage_collection

EXIT_USAGE = 2
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
HOISTED = ("--profile", "--config")


class Entry(NamedTuple):
    """Where a command lives and what `veloz --help` says of it; no text: hidden."""

    module: str
    attribute: str
    help: str = ""


SECTIONS: dict[str, dict[str, Entry]] = {
    "Watch": {
        "attach": Entry("console", "attach", "Open the console on a running engine."),
        "status": Entry("show", "status", "Show mode, state, money, venues and alerts."),
        "orders": Entry("show", "orders", "List open orders."),
        "positions": Entry("show", "positions", "List positions."),
        "watch": Entry("show", "watch", "Print what happens, line by line, without a screen."),
        "why": Entry("why", "why", "Say how an order came to be: who, risk, wire, venue, fills."),
        "wire": Entry("why", "wire", "Print what is sent and received, without secrets."),
        "export": Entry("export", "export", "Write a pane's rows to a CSV file."),
        "report": Entry("report", "report", "PnL, fees, orders, uptime of a day, week or month."),
    },
    "Trade": {
        "order": Entry("trade", "order", "Say anything the console's : line takes."),
        "buy": Entry("trade", "buy", "Place a buy order."),
        "sell": Entry("trade", "sell", "Place a sell order."),
        "amend": Entry("trade", "amend", "Change price or quantity of an order."),
        "cancel": Entry("trade", "cancel", "Cancel orders by id, or all that fit."),
        "close": Entry("trade", "close", "Close a position at the touch."),
        "flatten": Entry("trade", "flatten", "Cancel and close at the market."),
        "strategy": Entry("strategy", "strategy", "Start, stop or pause a strategy; write a new one."),
    },
    "Stop": {
        "kill": Entry("kill", "kill", "Cancel everything, verify, stay halted. Never trades."),
        "rearm": Entry("rearm", "rearm", "Leave HALTED: exits only, or fully."),
        "pause": Entry("trade", "pause", "All strategies pull their quotes."),
        "resume": Entry("trade", "resume", "Undo pause and reduce."),
        "reduce": Entry("trade", "reduce", "Only orders that shrink a position, from now on."),
        "shutdown": Entry("lifecycle", "shutdown", "End the engine and its guardian."),
    },
    "Set up": {
        "init": Entry("setup", "init", "Write a commented settings file."),
        "check": Entry("setup", "check", "Check settings, keys, clock, disk and venues."),
        "keys": Entry("keys", "keys", "Add, list, check, remove API keys."),
        "journal": Entry("journal", "journal", "Verify or back up the journal."),
        "demo": Entry("demo", "demo", "The demo profile; --reset begins it afresh."),
        "engine": Entry("lifecycle", "engine", "Start guardian and engine without a console."),
        "sim": Entry("sim", "sim", "Run a simulated exchange on its own."),
    },
    "": {
        "guardian": Entry("guardian", "guardian"),
        "console-settings": Entry("console_settings", "console_settings"),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class LazyGroup(click.Group):
    """Imports a command's module when the command is called, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"veloz_tui.commands.{entry.module}")
        command = getattr(module, entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            from veloz_tui.control.grammar_verbs import VERBS, stop_what

            if args[0] == "stop":
                raise click.UsageError(stop_what("mm-1"))
            if args[0] in VERBS:
                raise click.UsageError(
                    f"{args[0]!r} works inside the console only: veloz, then :{' '.join(args)}"
                )
            alike = difflib.get_close_matches(args[0], COMMANDS, n=2)
            hint = f" – did you mean {' or '.join(alike)}?" if alike else ""
            raise click.UsageError(f"no command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, entries in SECTIONS.items():
            rows = [(name, entry.help) for name, entry in entries.items() if entry.help]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 refused, 2 settings or usage, 3 journal, 4 not running, 70 a bug.",
)
@click.option("--profile", default="demo", envvar="VELOZ_PROFILE", show_default=True, help="Which profile.")
@click.option("--config", envvar="VELOZ_CONFIG", help="Another settings file than the profile's.")
@click.version_option(package_name="veloz-tui", prog_name="veloz")
@click.pass_context
def veloz(ctx: click.Context, profile: str, config: str | None) -> int:
    """A trading console for the terminal. Without a command: start what isn't running, then attach.

    \b
    veloz                                start the demo and open the console
    veloz buy 0.05 btc @64,123.60 post   one order, as after : in the console
    veloz kill                           cancel everything, from any shell
    veloz | cat                          one plain block of text, no screen
    """
    from veloz_tui.commands.profile import Profile

    ctx.obj = Profile.named(profile, config)
    if ctx.invoked_subcommand is not None:
        return 0
    from veloz_tui.commands.console import start_and_attach

    return start_and_attach(ctx.obj)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and leave with its exit code. Whatever fails ends as one message, never a traceback."""
    seldom_garbage_collection()
    _occupy_standard_streams()
    words = hoisted(sys.argv[1:] if arguments is None else list(arguments))
    sys.exit(run(words))


def run(words: list[str]) -> int:
    """Run a command and return its exit code."""
    try:
        code = veloz.main(args=words, prog_name="veloz", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        return _fail(_what(error.ctx), EXIT_USAGE)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else "veloz"
        return _fail(f"{' '.join(error.format_message().split())} – try: {path} --help", EXIT_USAGE)
    except click.ClickException as error:
        return _fail(error.format_message(), error.exit_code)
    except click.Abort:
        return _fail("given up, nothing was done", 1)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except VelozError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone (`veloz orders | head`): python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost boundary: logged, and said in one line
        return _fail(_bug(error, words), EXIT_BUG)
    return code if isinstance(code, int) else 0


def _what(ctx: click.Context | None) -> str:
    # A group without its command.
    if ctx is None or not isinstance(ctx.command, click.Group):
        return "what? – try: veloz --help"
    path = ctx.command_path
    return f"{ctx.info_name} what? {', '.join(sorted(ctx.command.list_commands(ctx)))} – try: {path} --help"


def _occupy_standard_streams() -> None:
    # Closed (`>&-`), their numbers would go to the next file that is opened, and what is printed into it.
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest that is free
        pass
    os.close(number)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


def hoisted(words: list[str]) -> list[str]:
    """Move --profile and --config to the front: `veloz status --profile x` works too."""
    front: list[str] = []
    rest: list[str] = []
    todo = iter(words)
    for word in todo:
        if word == "--":
            rest += [word, *todo]
        elif word in HOISTED:
            front += [word, *([value] if (value := next(todo, None)) is not None else [])]
        elif word.startswith(tuple(f"{option}=" for option in HOISTED)):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def _fail(text: str, code: int) -> int:
    click.echo(f"veloz: {text}", err=True)
    return code


def _bug(error: Exception, words: list[str]) -> str:
    said = f"a bug in veloz: {type(error).__name__}"
    try:
        from veloz_tui.commands.crash import write_crash

        return f"{said} – details: {write_crash(error, words)} – veloz kill works all the same"
    except Exception:  # noqa: BLE001 - the last resort: not even the log can be written
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{said}: {error} – {place.filename}:{place.lineno} – veloz kill works all the same"

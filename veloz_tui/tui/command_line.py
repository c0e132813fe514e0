"""The `:` line: typing, completion, what the words would do, and sending what they mean."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from veloz_tui.control.client import new_command_id
from veloz_tui.control.grammar import GrammarContext, GrammarError, LocalCommand, Parsed, hints, parse
from veloz_tui.control.grammar_completion import MEANINGS
from veloz_tui.control.grammar_values import number
from veloz_tui.domain.commands import AnyCommand, Kill
from veloz_tui.domain.types import InstrumentId, Mode, StrategyId
from veloz_tui.tui import (
    actions,
    arming,
    exporting,
    filtering,
    fmt,
    inspecting,
    reporting,
    texts,
    theme,
    why_page,
)
from veloz_tui.tui.lineedit import LineEdit
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.ordering import presets_of
from veloz_tui.tui.session import Session

_SHOWN_HINTS: Final = 6


def install(session: Session) -> None:
    """Give the session its command line."""
    session.router.on_action["command"] = partial(open_line, session)
    session.router.on_key[Keys.COMMAND] = partial(line_key, session)
    session.router.on_paste[Keys.COMMAND] = partial(_hint, session, "")


def open_line(session: Session, text: str = "") -> None:
    """Start typing a command."""
    session.thaw()
    session.edit = LineEdit(text, session.history)
    _hint(session, "")
    session.mode = Keys.COMMAND


def line_key(session: Session, key: str, character: str | None) -> None:
    """Keys while a command is typed."""
    if key == "escape" or (key == "backspace" and not session.edit.text):
        session.mode = Keys.PANES
    elif key == "enter":
        _enter(session)
    elif key == "tab":
        _complete(session)
    elif session.edit.key(key, character):
        _hint(session, "")
        if character is not None and character.isprintable():
            session.typing.typed(session.clock())


def _hint(session: Session, text: str) -> None:
    session.command_hint, session.is_held_back = text, False


def _hold_back(session: Session, text: str) -> None:
    # An Enter that sent nothing must not be overlooked.
    session.command_hint, session.is_held_back = text, True


def review(session: Session) -> tuple[str, str]:
    """What the words would do now, under the input; or why they mean nothing."""
    if session.command_hint:
        return session.command_hint, "warn" if session.is_held_back else "muted"
    context = _context(session)
    if not session.edit.text.strip() or context is None:
        return texts.screens.COMMAND_HELP, "muted"
    parsed = parse(session.edit.text, context)
    if isinstance(parsed, GrammarError):
        return fmt.clean(parsed.text), "warn"
    return fmt.clean(parsed.review), "good"


def _context(session: Session, *, themes: tuple[str, ...] = ()) -> GrammarContext | None:
    view = session.store.view
    if view is None:
        return None
    presets = tuple(presets_of(session, session.instrument_id))
    return GrammarContext.from_view(view, next_command_id=new_command_id, presets=presets, themes=themes)


def _complete(session: Session) -> None:
    context = _context(session, themes=tuple(theme.available(session.options.themes_dir)))
    if context is None:
        return
    text = session.edit.text
    offered = hints(text, context)
    if not offered:
        _hint(session, texts.screens.NO_COMPLETION)
        return
    head = text if not text or text[-1].isspace() else text[: text.rfind(" ") + 1]
    start = text[len(head) :]
    words = [word for word, _ in offered]
    shared = words[0] + " " if len(words) == 1 else _shared_start([word.lower() for word in words])
    if len(shared) > len(start):
        session.edit.text = head + shared
        session.edit.cursor = len(session.edit.text)
        session.edit.recalled = False
    meanings = (f"{word} {meaning}".strip() for word, meaning in offered[:_SHOWN_HINTS])
    _hint(session, fmt.clean("  |  ".join(meanings)) if len(words) > 1 else "")


def _shared_start(words: Sequence[str]) -> str:
    first, last = min(words), max(words)
    same = [a == b for a, b in zip(first, last, strict=False)]
    return first[: same.index(False) if False in same else len(same)]


def _enter(session: Session) -> None:
    text = session.edit.text.strip()
    if not text:
        session.mode = Keys.PANES
        return
    if session.edit.recalled:
        _hold_back(session, texts.guards.RECALLED)
        return
    if text.lstrip(": ").lower() == "kill":  # needs no view: it must work when nothing else does
        session.mode = Keys.PANES
        session.kill("typed")
        return
    if session.typing.is_burst(session.clock()):
        session.typing.rest()
        _hold_back(session, texts.guards.TYPED_TOO_FAST)
        return
    if text.lstrip(": ").lower() in {"q", "wq", "q!", "quit"}:
        session.mode = Keys.PANES
        session.router.when_alone(partial(actions.detach, session))
        return
    context = _context(session)
    if context is None:
        _hold_back(session, texts.link.WAITING)
        return
    _act(session, text, parse(text, context))


def _act(session: Session, text: str, parsed: Parsed | GrammarError) -> None:
    if isinstance(parsed, GrammarError):
        is_said = any(choice in parsed.text for choice in parsed.choices)
        choices = () if is_said else parsed.choices[:_SHOWN_HINTS]
        _hold_back(session, fmt.clean("  ".join([texts.guards.not_understood(parsed.text), *choices])))
        return
    if not session.history or session.history[-1] != text:
        session.history.append(text)
    session.mode = Keys.PANES
    view = session.store.view
    if isinstance(parsed.command, LocalCommand):
        _local(session, parsed.command)
    elif parsed.increases_risk and view is not None and view.status.mode is Mode.LIVE:
        review = texts.ticket.send_live(fmt.clean(parsed.review))
        session.ask(review, partial(_send, session, parsed.command, text))
    else:
        _send(session, parsed.command, text)


def _send(session: Session, command: AnyCommand, text: str) -> None:
    if isinstance(command, Kill):
        session.kill("typed")
        return
    session.send(command, fmt.clean(text))


# -- what the console does by itself ------------------------------------------------------------------


def _local(session: Session, command: LocalCommand) -> None:
    call = _LOCAL.get(command.name)
    if call is None:
        session.say(texts.screens.not_here(command.name), "muted")
    else:
        call(session, command.args)


def _watch(session: Session, args: tuple[str, ...]) -> None:
    session.show_instrument(InstrumentId(args[0]))


def _why(session: Session, args: tuple[str, ...]) -> None:
    why_page.ask_order(session, args[0] if args else "")


def _show_strategy(session: Session, args: tuple[str, ...]) -> None:
    inspecting.inspect(session, StrategyId(args[0]))


def _theme(session: Session, args: tuple[str, ...]) -> None:
    known = theme.available(session.options.themes_dir)
    if not args:
        session.say(texts.screens.themes(known))
        return
    chosen = dict(enumerate(known, 1)).get(int(args[0]), args[0]) if args[0].isdecimal() else args[0]
    wrong = session.shell.set_theme(chosen)
    session.say(fmt.clean(wrong) if wrong else f"theme {chosen}", "warn" if wrong else "muted")


def _tour(session: Session, args: tuple[str, ...]) -> None:
    if args and args[0].lower() == "off":
        session.tour.off()
    else:
        session.tour.restart()


def _size(session: Session, args: tuple[str, ...]) -> None:
    quantity, instrument_id, names = number(args[0], what="size"), session.instrument_id, session.store.names
    if instrument_id is None or names is None:
        session.say(texts.guards.NO_INSTRUMENT, "warn")
        return
    session.choose_size(instrument_id, quantity)
    session.say(texts.ticket.size_chosen(fmt.compact(quantity), names.display(instrument_id)), "muted")


def _rearm(session: Session, args: tuple[str, ...]) -> None:
    open_line(session, f"rearm {args[0]} ")
    _hold_back(session, texts.kill.TYPE_PROFILE)


def _say(session: Session, args: tuple[str, ...]) -> None:
    if session.cursors[session.focus].key is None:
        session.say(texts.guards.NOTHING_SELECTED)
    else:
        actions.read(session)


def _detach(session: Session, args: tuple[str, ...]) -> None:
    actions.detach(session)


def _help(session: Session, args: tuple[str, ...]) -> None:
    meaning = MEANINGS.get(args[0].lower()) if args else None
    if meaning is not None:
        session.say(f":{args[0].lower()} {meaning}")
    elif args:
        session.say(texts.screens.no_help(fmt.clean(args[0])), "warn")
    else:
        session.mode = Keys.HELP


def _filter(session: Session, args: tuple[str, ...]) -> None:
    if filtering.arrangement(session) is not None:
        wrong = filtering.apply_filter(session, " ".join(args))
        if wrong:
            session.say(wrong, "warn")


def _arm(session: Session, args: tuple[str, ...]) -> None:
    arming.arm_typed(session, InstrumentId(args[0]))


def _export(session: Session, args: tuple[str, ...]) -> None:
    view, (pane, name) = session.store.view, args
    if view is None:
        session.say(texts.link.WAITING, "warn")
        return
    try:
        fills = tuple(session.store.fills)
        text = exporting.csv_of(pane.lower(), view, fills=fills, instrument_id=session.instrument_id)
        exporting.write(Path(name), text)
    except exporting.ExportError as error:
        session.say(str(error), "warn")
    else:
        session.say(texts.exports.written(pane.lower(), text.count("\n") - 1, fmt.clean(name)), "good")


_LOCAL: Final[dict[str, Callable[[Session, tuple[str, ...]], None]]] = {
    "arm": _arm,
    "watch": _watch,
    "book": _watch,
    "why": _why,
    "theme": _theme,
    "show_strategy": _show_strategy,
    "tour": _tour,
    "size": _size,
    "export": _export,
    "rearm": _rearm,
    "say": _say,
    "filter": _filter,
    "help": _help,
    "report": reporting.report,
    "q": _detach,
    "wq": _detach,
}

"""One frame: the session's state as lines for each part of the plan. Pure; runs at every size."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from veloz_tui.domain.views import LogEntry, View
from veloz_tui.tui import arming, fmt, grid, layout, marks, table, texts, wire_page
from veloz_tui.tui.filters import Facts
from veloz_tui.tui.glyphs import ASCII, Glyphs, to_ascii
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.keymap import ANY_PANE, EXTRA, GO, HELP, PANES, TWINS, Action, display, key_text
from veloz_tui.tui.layout import Box, Plan
from veloz_tui.tui.message_line import MESSAGE_S, Message
from veloz_tui.tui.modes import Mode
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import (
    account,
    alerts,
    banners,
    facts,
    fills,
    ladder,
    orders,
    pages,
    performance,
    positions,
    status,
    strategies,
    watch,
    why,
)
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.picture import Picture
from veloz_tui.tui.session import Session
from veloz_tui.tui.strip import strip_lines
from veloz_tui.tui.table import Line
from veloz_tui.tui.wrapping import told, wrapped_lines

_TWIN_OF: Final = {twin: pane for pane, twin in TWINS.items()}
OLD_S: Final = 60.0
"""From here on a message says its age."""


class Frame(NamedTuple):
    """What the screen shows: where each part is, its lines, and whether the data is old."""

    plan: Plan
    lines: dict[str, Sequence[Line]]
    is_old: bool


def compose(session: Session, *, width: int, height: int, glyphs: Glyphs, terminal: Terminal) -> Frame:
    """Draw everything once."""
    now = session.clock()
    session.lines.settle(now)
    lost = session.store.link_lost_s(now)
    terminal = terminal._replace(
        link_lost_s=lost,
        kill_tested=session.kill_key.tested,
        is_observer=session.store.is_observer,
        frozen_s=session.frozen_s,
    )
    strip = strip_lines(session, width)
    plan = layout.plan(
        layout.Request(
            width,
            height,
            session.focus,
            session.is_zoomed,
            len(strip),
            _wanted(session, width),
            session.mode is Mode.HELP,
            session.page,
            len(message_lines(session, width)),
        )
    )
    session.parts = plan
    lines: dict[str, Sequence[Line]] = {}
    for name, box in plan.items():
        lines[name] = _part(name, box, session, strip=strip, glyphs=glyphs, terminal=terminal)
    if glyphs is ASCII:
        lines = {name: [_plain(line) for line in part] for name, part in lines.items()}
    return Frame(plan, lines, is_old=lost is not None or session.frozen is not None)


def _plain(line: Line) -> Line:
    return tuple((to_ascii(text), tone) for text, tone in line)


def _part(
    name: str, box: Box, session: Session, *, strip: Sequence[Line], glyphs: Glyphs, terminal: Terminal
) -> Sequence[Line]:
    match name:
        case "status":
            return status_lines(session, box.width, glyphs, terminal)
        case "message":
            return message_lines(session, box.width, most=box.height)
        case "footer":
            return [footer_line(session, box.width)]
        case "strip":
            return strip[: box.height]
        case "tiny":
            return _tiny(session, box, glyphs)
        case _ if name.startswith("gutter"):
            return [((glyphs.gutter, "gutter"),)] * box.height
        case _:
            return _pane(name, box, session, glyphs)


def _wanted(session: Session, width: int) -> dict[str, int]:
    """Lines each pane could fill: title, header, rows."""
    shown = session.picture
    if shown is None:
        return {}
    view = shown.view
    counts = {
        "orders": len(view.orders),
        "positions": len(positions.held(view)),
        "strategies": len(view.strategies),
        "alerts": len(view.alerts),
        "account": len(view.account.assets) + account.extra_lines(view.account),
        "watch": len(view.instruments),
        "fills": len(shown.fills),
    }
    bare = {"alerts", "strategies"} if width < layout.NORMAL else set()
    return {name: max(1, count) + (1 if name in bare else 2) for name, count in counts.items()}


# -- panes --------------------------------------------------------------------------------------------


def _pane(name: str, box: Box, session: Session, glyphs: Glyphs) -> Sequence[Line]:
    content = _arranged(name, _content(name, box, session, glyphs), session)
    if name == "orders":
        session.contents[name] = content
        marked = marks.note(session)
        content = msgspec.structs.replace(
            content, title=f"{content.title}  {marked}" if marked else content.title
        )
    if session.is_zoomed and name != HELP:
        content = msgspec.structs.replace(content, title=f"{content.title}  {texts.screens.ZOOMED}")
    session.contents[name] = content
    number = str(PANES.index(_TWIN_OF.get(name, name)) + 1) if name in {*PANES, *_TWIN_OF} else ""
    focused = name in {session.focus, HELP}
    return grid.lines(
        content, session.cursors[name], width=box.width, height=box.height, focused=focused, number=number
    )


def _arranged(name: str, content: PaneContent, session: Session) -> PaneContent:
    """Filtered and sorted; a cursor whose row is hidden by that is none."""
    shown = session.picture
    if name not in facts.FIELDS or shown is None:
        return content
    arrangement = session.arrangements[name]
    known: Mapping[str, Facts] = {}
    if arrangement.needs_facts:
        entries = tuple(session.wire.entries)
        known = facts.of_pane(name, shown.view, shown.names, shown.fills, entries)
    cursor = session.cursors[name]
    if cursor.key is not None and cursor.present(content.rows) and not arrangement.fits(cursor.key, known):
        cursor.clear()
    return arrangement.apply(content, known, session.clock())


def _content(name: str, box: Box, session: Session, glyphs: Glyphs) -> PaneContent:
    shown = session.picture
    if name == HELP:
        return help_content(session, box.width)
    if shown is None:
        why = fmt.clean(session.store.link.text) or texts.link.WAITING
        return PaneContent(
            texts.names.TITLES[name],
            rows=(GridRow("", ((fmt.fit_text(f" {why}", box.width).rstrip(), "muted"),)),),
        )
    if name == "ladder":
        return _ladder(shown, box, session, glyphs)
    if name == "orders":
        followed = session.instrument_id
        return orders.content(
            shown.view, width=box.width, names=shown.names, followed=followed, marked=session.marked
        )
    if name == "tape":
        book = shown.book(session.instrument_id)
        return fills.tape(book, names=shown.names, width=box.width)
    if name in EXTRA:
        return _extra(name, shown, box, session, glyphs)
    return _simple(shown.fills, glyphs)[name](shown.view, shown.names, box.width)


def _extra(name: str, shown: Picture, box: Box, session: Session, glyphs: Glyphs) -> PaneContent:
    width = box.width
    match name:
        case "history":
            return pages.history(shown.log, width=width)
        case "risk":
            return pages.risk(shown.view, shown.names, width=width)
        case "wire":
            return wire_page.content(session, width=width)
        case "why":
            return why.content(session.why.told, subject=session.why.subject, width=width)
        case "health":
            return pages.health(shown.view, width=width)
        case "strategy":
            return session.inspection.content(width, session.clock())
        case "performance":
            found = session.store.performance
            return performance.content(found, width=width, height=box.height, is_ascii=glyphs is ASCII)
        case _:
            return pages.settings(session.options, width=width)


def _simple(
    own_fills: Sequence[LogEntry], glyphs: Glyphs
) -> dict[str, Callable[[View, Names, int], PaneContent]]:
    return {
        "positions": lambda view, names, width: positions.content(view, width=width, names=names),
        "account": lambda view, names, width: account.content(view, width=width, names=names),
        "strategies": lambda view, names, width: strategies.content(
            view, width=width, names=names, glyphs=glyphs
        ),
        "alerts": lambda view, names, width: alerts.content(view, width=width),
        "watch": lambda view, names, width: watch.content(view, width=width, names=names),
        "fills": lambda view, names, width: fills.content(own_fills, names=names, width=width),
    }


def _ladder(shown: Picture, box: Box, session: Session, glyphs: Glyphs) -> PaneContent:
    book = shown.book(session.instrument_id)
    if book is None:
        return ladder.missing()
    return ladder.content(
        shown.view,
        book,
        width=box.width,
        height=box.height,
        names=shown.names,
        scroll=session.scroll,
        glyphs=glyphs,
        now=session.clock(),
        size=arming.size_of(session, session.instrument_id),
        armed=arming.title(session),
    )


def help_content(session: Session, width: int) -> PaneContent:
    """The keys that work in the focused pane, from the same table that binds them."""
    rows = []
    for action in session.keymap.in_context(session.focus, ANY_PANE):
        chords = " ".join(display(chord) for chord in action.chords if not _is_shifted_letter(chord))
        first, *more = wrapped_lines(action.help, max(10, width - 14), 4)
        rows.append(GridRow(action.id, ((f" {chords:<12.12} ", "key"), (first, "base"))))
        rows += [GridRow("", ((" " * 14, "key"), (line, "base"))) for line in more]
    go = key_text(session.keymap.get("go"))
    for action in session.keymap.in_only(GO):
        rows.append(
            GridRow(action.id, ((f" {f'{go} {key_text(action)}':<12.12} ", "key"), (action.help, "base")))
        )
    return PaneContent(
        f"Keys in {texts.names.TITLES[session.focus]}   (Esc closes, j k move)", rows=tuple(rows)
    )


def _is_shifted_letter(chord: str) -> bool:
    return chord.startswith("shift+") and len(chord) == len("shift+x")


# -- lines --------------------------------------------------------------------------------------------


def status_lines(session: Session, width: int, glyphs: Glyphs, terminal: Terminal) -> Sequence[Line]:
    """Both status lines: the kill question, the halt, or the figures."""
    view, names = session.store.view, session.store.names
    if session.kill_key.is_armed(session.clock()):
        return kill_banner(session, width)
    if view is None or names is None:
        waiting = fmt.clean(session.store.link.text) or texts.link.WAITING
        return [
            ((f" VeloZ  {waiting}", "bar"), ("", "bar")),
            ((f" {texts.kill.OK if terminal.kill_tested else texts.kill.UNTESTED}", "bar"), ("", "bar")),
        ]
    figures = status.lines(
        view, width=width, names=names, glyphs=glyphs, instrument_id=session.instrument_id, terminal=terminal
    )
    if view.kill.is_halted and terminal.link_lost_s is None:
        halted = banners.halted_lines(view, width=width, glyphs=glyphs)
        return [*halted, *figures[1:]][:2]
    return figures


def kill_banner(session: Session, width: int) -> Sequence[Line]:
    """The first stroke's question."""
    chord = key_text(session.keymap.get("kill"))[:2]
    remaining = session.kill_key.remaining_s(session.clock())
    return banners.kill_banner(session.store.view, width=width, chord=chord, remaining_s=remaining)


def message_lines(session: Session, width: int, *, most: int = 3) -> Sequence[Line]:
    """What needs saying now: an unanswered command, the last message, the tour."""
    text, tone = _message(session)
    fill = tone if tone == "crit" else "bar"
    shown = [part for part in told(text, max(10, width - 2), most) if part]
    return [((f" {part}", tone), ("", fill)) for part in shown] or [(("", fill),)]


def _message(session: Session) -> tuple[str, str]:
    now = session.clock()
    unconfirmed = session.store.unconfirmed(now)
    if unconfirmed is not None:
        return texts.link.unconfirmed(unconfirmed), "bar/warn"
    message = session.message
    if message is None or (now - message.at >= _shown_s(message) and session.tour.line):
        return session.tour.line, "bar"
    text = message.text if now - message.at < OLD_S else texts.link.said_ago(message.text, now - message.at)
    return text, message.tone if message.tone == "crit" else f"bar/{message.tone}"


def _shown_s(message: Message) -> float:
    # How long the tour's line waits for it.
    return MESSAGE_S / 2 if message.tone == "muted" else MESSAGE_S


def footer_line(session: Session, width: int) -> Line:
    """Keys by priority; kill and `?` are never dropped."""
    shown = [action for action in session.keymap.in_context(session.focus, ANY_PANE) if action.footer]
    for use_short in (False, True):
        spans = _footer(shown, use_short=use_short)
        if table.length(spans) <= width:
            return (*spans, ("", "bar"))
    while table.length(spans) > width and any(action.footer > 1 for action in shown):
        shown.remove(max(reversed(shown), key=lambda action: action.footer))
        spans = _footer(shown, use_short=True)
    return (*spans, ("", "bar"))


def _footer(actions: Sequence[Action], *, use_short: bool) -> Line:
    spans: list[tuple[str, str]] = []
    for action in actions:
        label = (action.short or action.label).strip() if use_short else action.label
        spans += [(f" {key_text(action)}", "bar/key"), (f" {label} " if label else " ", "bar")]
    return tuple(spans)


def _tiny(session: Session, box: Box, glyphs: Glyphs) -> Sequence[Line]:
    armed = session.kill_key.is_armed(session.clock())
    kill_line = "KILL? ^K again" if armed else f"{key_text(session.keymap.get('kill'))} KILL"
    return banners.tiny(
        session.store.view, width=box.width, height=box.height, kill_line=kill_line, glyphs=glyphs
    )

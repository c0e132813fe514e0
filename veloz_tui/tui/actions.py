"""What the pane keys do: each action of the keymap table as a small function on the session."""

from collections.abc import Callable
from functools import partial
from typing import Final

from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import (
    AcknowledgeAlert,
    AnyCommand,
    MuteAlert,
    Pause,
    Reduce,
    StartStrategy,
    StopStrategy,
)
from veloz_tui.domain.types import Mode, StrategyId, StrategyState
from veloz_tui.domain.views import AlertView, StrategyView
from veloz_tui.tui import cancels, filtering, fmt, freezing, layout, marks, texts, why_page
from veloz_tui.tui.keymap import ANY_PANE, EXTRA, HELP, PANES, TWINS
from veloz_tui.tui.kill import Stroke
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.panes import alerts as alerts_pane
from veloz_tui.tui.panes.ladder import price_key
from veloz_tui.tui.session import Session

MUTE_S: Final = 600.0


def install(session: Session) -> None:
    """Give the session its actions."""
    filtering.install(session)
    marks.install(session)
    freezing.install(session)
    moves: dict[str, Callable[[], None]] = {
        "down": partial(move, session, 1),
        "up": partial(move, session, -1),
        "page_down": partial(page, session, 1),
        "page_up": partial(page, session, -1),
        "top": partial(end, session, 0),
        "bottom": partial(end, session, -1),
        "left": partial(step_sideways, session, -1),
        "right": partial(step_sideways, session, 1),
        "focus_next": partial(step_focus, session, 1),
        "focus_previous": partial(step_focus, session, -1),
    }
    focus = {f"focus_{pane}": partial(focus_pane, session, pane) for pane in PANES}
    trading: dict[str, Callable[[], None]] = {
        "cancel": partial(cancels.cancel, session),
        "cancel_all": partial(cancels.cancel_all, session),
        "toggle": partial(toggle_strategy, session),
        "pause": partial(pause, session),
        "reduce": partial(reduce, session),
    }
    other: dict[str, Callable[[], None]] = {
        "ack": partial(acknowledge, session),
        "ack_all": partial(acknowledge_all, session),
        "mute": partial(mute, session),
        "read": partial(read, session),
        "zoom": partial(zoom, session),
        "recentre": session.scroll.recentre,
        "coarser": partial(regroup, session, 1),
        "finer": partial(regroup, session, -1),
        "help": partial(toggle_help, session),
        "clear": partial(clear, session),
        "detach": partial(detach, session),
        "leave": partial(detach, session),
        "hint": partial(session.say, texts.guards.HINT, "base"),
        "repaint": session.shell.repaint,
    }
    session.router.on_action |= moves | focus | trading | other
    session.router.on_key[Keys.HELP] = partial(help_key, session)
    session.router.on_key[Keys.CONFIRM] = partial(confirm_key, session)


def send(session: Session, what: str, command: AnyCommand) -> bool:
    """Send, and name it if no answer comes."""
    return session.send(command, what)


# -- moving -------------------------------------------------------------------------------------------


def move(session: Session, step: int) -> None:
    """The cursor of the focused pane."""
    pane = HELP if session.mode is Keys.HELP else session.focus
    content = session.contents.get(pane)
    if content is None:
        return
    if pane == "ladder":
        session.scroll.touch(session.clock())
        if session.cursors[pane].key is None:
            start_in_ladder(session)
            return
    session.cursors[pane].move(content.rows, step)
    if pane == "alerts":
        read(session)


def read(session: Session) -> None:
    """Enter: the selected row in full; an alert's text, which the pane may cut; a message of the wire."""
    if session.focus == "wire":
        why_page.unfold(session)
        return
    alert = _alert_at_cursor(session) if session.focus == "alerts" else None
    if alert is not None:
        session.say(fmt.clean(alert.text), alerts_pane.TONES[alert.severity])
        return
    row = session.selected_text()
    if row:
        session.say(row)
    elif session.message is not None and session.message.is_digest:
        session.hush()  # else silence: it may be the third Enter after a ticket, over its answer


def _alert_at_cursor(session: Session) -> AlertView | None:
    view, key = session.store.view, session.cursors["alerts"].key
    return None if view is None else next((each for each in view.alerts if each.key == key), None)


def start_in_ladder(session: Session) -> None:
    """The first cursor of a ladder stands at the best bid, not at its top row."""
    book = session.store.book(session.instrument_id)
    rows = session.contents["ladder"].rows
    best = book.bids[0].price if book is not None and book.bids else None
    keys = [row.key for row in rows]
    if best is not None and session.scroll.step is not None:
        floor = best - best % session.scroll.step
        if price_key(floor) in keys:
            session.cursors["ladder"].select(rows, keys.index(price_key(floor)))
            return
    session.cursors["ladder"].move(rows, 1)


def page(session: Session, direction: int) -> None:
    """A pane's height at a time."""
    box = session.parts.get(session.focus)
    for _ in range(max(1, (box.height if box is not None else 10) - 3)):
        move(session, direction)


def end(session: Session, index: int) -> None:
    """The first or the last row."""
    content = session.contents.get(session.focus)
    rows = [at for at, row in enumerate(content.rows) if row.key] if content is not None else []
    if content is not None and rows:
        session.cursors[session.focus].select(content.rows, rows[index])


def regroup(session: Session, direction: int) -> None:
    """Coarser or finer rows in the ladder."""
    names, instrument_id = session.store.names, session.instrument_id
    instrument = names.instrument(instrument_id) if names is not None and instrument_id is not None else None
    if instrument is not None:
        session.cursors["ladder"].clear()
        session.scroll.regroup(direction, instrument.tick_size)


def focus_pane(session: Session, pane: str) -> None:
    """Focus a pane, wherever it is; hidden ones appear. The focused one gives way to its twin."""
    session.focus = TWINS.get(pane, pane) if session.focus == pane else pane
    if pane not in session.page:
        session.page = ()


def step_focus(session: Session, step: int) -> None:
    """Tab goes through the visible panes, or through all of them where only one is shown."""
    visible = layout.panes_in_order(session.parts)
    order = visible if len(visible) > 1 else list(PANES)
    at = order.index(session.focus) if session.focus in order else 0
    session.focus = order[(at + step) % len(order)]


def step_sideways(session: Session, step: int) -> None:
    """The pane beside this one."""
    session.focus = layout.neighbour(session.parts, session.focus, step)


def zoom(session: Session) -> None:
    """One pane gets the whole body."""
    session.is_zoomed = not session.is_zoomed


def clear(session: Session) -> None:
    """Esc: no cursor, no message, no zoom; a why goes back to where it was asked."""
    session.hush()
    session.is_zoomed = False
    if session.focus == "why":
        why_page.leave(session)
        return
    session.cursors[session.focus].clear()
    session.mark_from = None
    session.page = ()
    if session.focus in EXTRA:
        session.focus = "ladder"
    filtering.clear(session)


def toggle_help(session: Session) -> None:
    """The keys of the focused pane."""
    session.mode = Keys.PANES if session.mode is Keys.HELP else Keys.HELP
    session.cursors[HELP].clear()


def help_key(session: Session, key: str, character: str | None) -> None:
    """In help: moving scrolls, anything else closes it."""
    action = session.keymap.find(key, ANY_PANE)
    if action is not None and action.id in {"up", "down"}:
        move(session, 1 if action.id == "down" else -1)
    else:
        session.mode = Keys.PANES


def confirm_key(session: Session, key: str, character: str | None) -> None:
    """A yes-or-no question: `y` is yes, the focus is on No. A `y` before it could be read is neither."""
    is_yes = character is not None and character.lower() == "y"
    asked = session.question
    if asked is not None and is_yes and not session.was_seen(asked.frame, asked.at):
        session.say(texts.guards.NOT_READ, "muted")
        return
    question, session.question, session.mode = session.question, None, Keys.PANES
    if question is not None and is_yes:
        question.on_yes()
    else:
        session.hush()


# -- strategies and trading state -----------------------------------------------------------------------


def toggle_strategy(session: Session) -> None:
    """Space: stopping is immediate; starting asks in LIVE."""
    strategy = selected_strategy(session)
    if strategy is None:
        session.say(texts.guards.NOTHING_SELECTED, "muted")
    elif strategy.state in {StrategyState.STOPPED, StrategyState.FAULTED}:
        _start(session, strategy)
    else:
        stop = StopStrategy(command_id=new_command_id(), strategy_id=strategy.strategy_id)
        send(session, f"stop {fmt.clean(strategy.strategy_id)}", stop)


def selected_strategy(session: Session) -> StrategyView | None:
    """The strategy under the cursor; with a single strategy, that one."""
    view = session.store.view
    strategies = () if view is None else view.strategies
    key = session.cursors["strategies"].key
    if key is None:
        shown = session.shown_keys("strategies")
        key = shown[0] if shown else None
    return next((each for each in strategies if each.strategy_id == key), None)


def _start(session: Session, strategy: StrategyView) -> None:
    name = fmt.clean(strategy.strategy_id)
    view = session.store.view
    assert view is not None
    if view.status.mode is Mode.LIVE:
        limits = (
            f"orders cap {view.status.orders_cap}" if view.status.orders_cap is not None else "no order cap"
        )
        session.ask(
            texts.orders.start_live(name, limits), partial(_send_start, session, strategy.strategy_id)
        )
    else:
        _send_start(session, strategy.strategy_id)


def _send_start(session: Session, strategy_id: StrategyId) -> None:
    command = StartStrategy(command_id=new_command_id(), strategy_id=strategy_id)
    if send(session, f"start {fmt.clean(strategy_id)}", command):
        session.tour.done("start")


def pause(session: Session) -> None:
    """P P."""
    if session.refuses():
        return
    if session.guarded("pause", "pause") is Stroke.SECOND:
        send(session, "pause", Pause(command_id=new_command_id()))
    else:
        session.say_again(texts.guards.press_again("P", texts.orders.PAUSE_MEANS))


def reduce(session: Session) -> None:
    """R: on at once."""
    send(session, "reduce", Reduce(command_id=new_command_id()))


# -- alerts and leaving -------------------------------------------------------------------------------


def acknowledge(session: Session) -> None:
    """a: the selected alert, else the topmost one that waits for it."""
    key = selected_alert(session)
    if key:
        send(session, "ack", AcknowledgeAlert(command_id=new_command_id(), key=key))
    else:
        session.say(texts.names.EMPTY["alerts"], "muted")


def selected_alert(session: Session) -> str:
    """The alert a and m are about; empty if there is none."""
    view = session.store.view
    waiting = [a for a in alerts_pane.sort(view.alerts) if a.is_waiting] if view is not None else []
    key = session.cursors["alerts"].key if session.focus == "alerts" else None
    return key or (waiting[0].key if waiting else "")


def acknowledge_all(session: Session) -> None:
    """A."""
    send(session, "ack all", AcknowledgeAlert(command_id=new_command_id(), key="*"))


def mute(session: Session) -> None:
    """m: this console's bell and the engine's repeat of the selected alert, 10 minutes."""
    session.muted_until = session.clock() + MUTE_S
    key = selected_alert(session)
    if key:
        send(session, "mute", MuteAlert(command_id=new_command_id(), key=key))
    session.say(texts.orders.MUTED)


def detach(session: Session) -> None:
    """q: the engine goes on, and the farewell says with what."""
    view = session.store.view
    if view is None:
        session.shell.leave(texts.leaving.DETACHED_BLIND)
        return
    running = sum(1 for each in view.strategies if each.state is StrategyState.RUNNING)
    session.shell.leave(
        texts.leaving.detached(
            mode=view.status.mode,
            orders=view.status.orders_open,
            positions=sum(1 for each in view.positions if each.quantity),
            strategies=running,
        )
    )

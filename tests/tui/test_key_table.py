"""Every row of the key table: its key does what the table says, and its guard holds it back when it must."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, console, slowly
from veloz_tui.domain.commands import (
    AcknowledgeAlert,
    AmendOrder,
    CancelOrders,
    Command,
    MuteAlert,
    Pause,
    PlaceOrder,
    Reduce,
    StartStrategy,
)
from veloz_tui.tui import texts
from veloz_tui.tui.keymap import Action, Danger, Keymap
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.options import ConsoleOptions

Seen = Callable[[Console], bool]


class Row(NamedTuple):
    """What leads there, the row's key, and what is seen after it and wasn't before."""

    before: str
    key: str
    seen: Seen
    setup: Callable[[Console], None] = lambda _console: None
    """Done after `before`."""


def _sent(kind: type[Command], **fields: object) -> Seen:
    return lambda c: any(
        isinstance(each, kind) and all(getattr(each, name) == value for name, value in fields.items())
        for each in c.engine.real
    )


def _mode(mode: Keys) -> Seen:
    return lambda c: c.session.mode is mode


def _focus(pane: str) -> Seen:
    return lambda c: c.session.focus == pane


def _said(text: str) -> Seen:
    return lambda c: text in c.message


def _cursor(pane: str, index: int) -> Seen:
    return lambda c: c.session.cursors[pane].key == c.session.shown_keys(pane)[index]


def _page(*panes: str) -> Seen:
    return lambda c: c.session.page == panes and c.session.mode is Keys.PANES


def _ticket(side: str) -> Seen:
    return lambda c: c.session.ticket is not None and c.session.ticket.side == side


def _step(c: Console) -> float:
    return float(c.session.scroll.step or 0)


def _size(quantity: str) -> Seen:
    return lambda c: c.session.chosen_sizes.get(f.BTC) == f.D(quantity)


def _is_centred(c: Console) -> bool:
    rows = c.session.shown_keys("ladder")
    best = rows.index("64124.4") if "64124.4" in rows else -1
    return abs(best - len(rows) / 2) <= 2


def _market_rises(c: Console) -> None:
    book = f.ladder(bids=f.levels("64124.40", "-0.10"), asks=f.levels("64124.50", "0.10"))
    c.engine.show(f.view(books=(book,)))


ROWS: dict[str, Row] = {
    "kill": Row("ctrl+k", "ctrl+k", lambda c: c.engine.kills == ["kill key"]),
    "help": Row("", "question_mark", _mode(Keys.HELP)),
    "command": Row("", "colon", _mode(Keys.COMMAND)),
    "buy": Row("", "b", _ticket("BUY")),
    "sell": Row("", "s", _ticket("SELL")),
    "amend": Row(
        "5 j j j", "e", lambda c: c.session.ticket is not None and c.session.ticket.amends is not None
    ),
    "arm": Row("4", "t", lambda c: c.session.armed.is_on),
    "armed_buy": Row("4 t j", "B", _sent(PlaceOrder)),
    "armed_sell": Row("4 t j k", "S", _sent(PlaceOrder)),
    "tick_up": Row("4 j j j", "shift+up", _sent(AmendOrder, price=f.D("64123.41"))),
    "tick_down": Row("4 j j j", "shift+down", _sent(AmendOrder, price=f.D("64123.39"))),
    "cancel": Row("5 j j j", "x", _sent(CancelOrders, is_all=False)),
    "cancel_all": Row("4 X", "X", _sent(CancelOrders)),
    "close": Row("6 j", "C", lambda c: c.session.closing is not None),
    "toggle": Row("2 j j", "space", _sent(StartStrategy)),
    "inspect": Row("2 j j", "i", _page("strategy")),
    "mark": Row("5 j", "space", lambda c: len(c.session.marked) == 1),
    "mark_range": Row("5 j v j j", "v", lambda c: len(c.session.marked) == 3),
    "unmark": Row("5 j j space", "u", lambda c: not c.session.marked),
    "filter": Row("5", "slash", _mode(Keys.FILTER)),
    "next_match": Row("5 slash s i d e : b u y enter j", "n", _cursor("orders", 1)),
    "previous_match": Row("5 slash s i d e : b u y enter j j", "N", _cursor("orders", 0)),
    "sort": Row("5", "o", lambda c: c.session.arrangements["orders"].sort != ""),
    "reverse": Row("5 o", "O", lambda c: c.session.arrangements["orders"].is_reversed),
    "copy": Row("5 j", "y", _said("COPY")),
    "freeze": Row("", "f", lambda c: c.session.frozen is not None),
    "pause": Row("P", "P", _sent(Pause)),
    "reduce": Row("", "R", _sent(Reduce)),
    "read": Row("5 j", "enter", _said("64,120.00")),
    "why": Row("5 j", "w", _page("why")),
    "ack": Row("", "a", _sent(AcknowledgeAlert)),
    "ack_all": Row("", "A", _sent(AcknowledgeAlert, key="*")),
    "mute": Row("", "m", _sent(MuteAlert)),
    "zoom": Row("5", "z", lambda c: c.session.is_zoomed),
    "recentre": Row("4 j j", "c", _is_centred, _market_rises),
    "coarser": Row("4", "plus", lambda c: _step(c) > 0.1),
    "finer": Row("4 plus plus", "minus", lambda c: _step(c) == 0.2),
    "smaller": Row("4 right_square_bracket", "left_square_bracket", _size("0.05")),
    "larger": Row("4", "right_square_bracket", _size("0.1")),
    "focus_next": Row("4", "tab", _focus("orders")),
    "focus_previous": Row("5", "shift+tab", _focus("ladder")),
    "focus_watch": Row("", "1", _focus("watch")),
    "focus_strategies": Row("", "2", _focus("strategies")),
    "focus_account": Row("", "3", _focus("account")),
    "focus_ladder": Row("5", "4", _focus("ladder")),
    "focus_orders": Row("", "5", _focus("orders")),
    "focus_positions": Row("", "6", _focus("positions")),
    "focus_alerts": Row("", "7", _focus("alerts")),
    "focus_tape": Row("", "8", _focus("tape")),
    "down": Row("5", "j", _cursor("orders", 0)),
    "up": Row("5 j j", "k", _cursor("orders", 0)),
    "left": Row("5", "h", _focus("ladder")),
    "right": Row("4", "l", _focus("orders")),
    "page_down": Row("5 j", "pagedown", lambda c: not _cursor("orders", 0)(c)),
    "page_up": Row("5 G", "pageup", _cursor("orders", 0)),
    "top": Row("5 G", "home", _cursor("orders", 0)),
    "bottom": Row("5 j", "G", _cursor("orders", -1)),
    "go": Row("", "g", _mode(Keys.GO)),
    "go_top": Row("5 G g", "g", _cursor("orders", 0)),
    "go_trade": Row("g o g", "t", _page()),
    "go_strategies": Row("g", "s", _page("strategies")),
    "go_orders": Row("g", "o", _page("orders", "history")),
    "go_risk": Row("g", "r", _page("risk")),
    "go_health": Row("g", "h", _page("health")),
    "go_performance": Row("g", "p", _page("performance")),
    "go_fills": Row("g", "f", _page("fills")),
    "go_wire": Row("g", "w", _page("wire")),
    "go_settings": Row("g", "comma", _page("settings")),
    "clear": Row("5 j", "escape", lambda c: c.session.cursors["orders"].key is None),
    "palette": Row("", "ctrl+o", _mode(Keys.PALETTE)),
    "leave": Row("", "ctrl+q", lambda c: c.has_left),
    "detach": Row("", "q", lambda c: c.has_left),
    "hint": Row("", "ctrl+c", _said("Ctrl+C does nothing here")),
    "repaint": Row("", "ctrl+l", _said("Repainted")),
}
"""The rows as a person meets them, on the demo account of the factories."""

OPTIONS = ConsoleOptions(reads_tmux=False, sizes={f.BTC: (f.D("0.01"), f.D("0.05"), f.D("0.1"))})
ACTIONS = Keymap().actions
GUARDED = [each for each in ACTIONS if each.danger in {Danger.REDUCES, Danger.INCREASES}]


def _id(action: Action) -> str:
    return action.id


def test_no_row_is_without_its_test() -> None:
    assert {each.id for each in ACTIONS} == ROWS.keys()


@pytest.mark.parametrize("action", ACTIONS, ids=_id)
async def test_the_key_does_what_its_row_says(action: Action) -> None:
    row, clock = ROWS[action.id], Clock()
    async with console(options=OPTIONS, clock=clock) as c:
        await slowly(c, clock, *row.before.split())
        row.setup(c)
        assert not row.seen(c)
        await slowly(c, clock, row.key)
        await c.until(lambda: row.seen(c))


@pytest.mark.parametrize("action", GUARDED, ids=_id)
async def test_a_guarded_key_does_nothing_after_a_burst(action: Action) -> None:
    row, clock = ROWS[action.id], Clock()
    async with console(options=OPTIONS, clock=clock) as c:
        await slowly(c, clock, *row.before.split())
        await c.press(*"0000")  # at one moment: a burst, and no key of the table
        sent = list(c.engine.real)
        clock.now += 1.5
        await c.press(row.key)
        await c.until(lambda: c.message == texts.guards.LOCKED)
        assert c.engine.real == sent
        assert not row.seen(c)


@pytest.mark.parametrize("action", GUARDED, ids=_id)
async def test_a_guarded_key_at_the_head_of_a_burst_does_nothing(action: Action) -> None:
    row, clock = ROWS[action.id], Clock()
    if action.danger is Danger.REDUCES:
        pytest.skip("what takes risk off acts at once: only what adds risk waits for the rest of a burst")
    async with console(options=OPTIONS, clock=clock) as c:
        await slowly(c, clock, *row.before.split())
        sent = list(c.engine.real)
        clock.now += 0.3
        await c.press(row.key, *"000")
        await c.until(lambda: c.message == texts.guards.BURST)
        await c.settle()
        assert c.engine.real == sent
        assert not row.seen(c)


@pytest.mark.parametrize("action", [each for each in GUARDED if each.id != "detach"], ids=_id)
async def test_a_guarded_key_does_nothing_while_the_picture_is_frozen(action: Action) -> None:
    row, clock = ROWS[action.id], Clock()
    async with console(options=OPTIONS, clock=clock) as c:
        await slowly(c, clock, *row.before.split(), "f")
        sent = list(c.engine.real)
        await slowly(c, clock, row.key)
        await c.until(lambda: c.message == texts.screens.FROZEN_KEYS)
        assert c.engine.real == sent
        assert not row.seen(c)


@pytest.mark.parametrize("action", [each for each in ACTIONS if each.danger is not Danger.KILL], ids=_id)
async def test_any_key_only_stands_an_armed_kill_down(action: Action) -> None:
    row, clock = ROWS[action.id], Clock()
    async with console(options=OPTIONS, clock=clock) as c:
        before = row.before.split()
        if c.session.keymap.get(action.id).context == "go":
            before = before[:-1]  # g itself would be the key that stands it down
        await slowly(c, clock, *before, "ctrl+k")
        sent = list(c.engine.real)
        await slowly(c, clock, row.key)
        await c.until(lambda: c.message == texts.kill.STOOD_DOWN)
        assert not c.session.kill_key.is_armed(clock.now)
        assert c.engine.real == sent
        assert c.engine.kills == []


@pytest.mark.parametrize(
    "opening", ["", "f", "w w w w", "colon", "slash", "b", "question_mark", "g", "ctrl+o"]
)
async def test_the_kill_key_has_no_guard_but_its_second_stroke(opening: str) -> None:
    clock = Clock()
    async with console(options=OPTIONS, clock=clock) as c:
        await c.press(*opening.split())
        await slowly(c, clock, "ctrl+k")
        assert c.engine.kills == []
        await slowly(c, clock, "f12")
        await c.until(lambda: c.engine.kills == ["kill key"])

"""The screen behind g p: today's results, asked for while they are shown."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.tui import factories as f
from tests.tui.headless import RecordingShell, headless
from veloz_tui.control.messages import Reply
from veloz_tui.domain.performance import CurveView, PerformanceView, ResultRow
from veloz_tui.domain.queries import AskPerformance, NotKnown
from veloz_tui.domain.results import Point
from veloz_tui.domain.types import SECOND, Asset, Nanos
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.panes import performance
from veloz_tui.tui.session import Session
from veloz_tui.tui.table import length

USDT = Asset("USDT")
START = Nanos(f.NOON - 12 * 3600 * SECOND)


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def desk() -> tuple[Session, RecordingShell, Clock]:
    clock = Clock()
    return *headless(f.view(), clock), clock


def row(name: str, net: str, **changes: Any) -> ResultRow:
    base = ResultRow(name, USDT, 3, 2, f.D("1000"), f.D(net), f.D("0.5"), f.D(net))
    return msgspec.structs.replace(base, **changes)


def curve(*values: str) -> CurveView:
    peak, points = f.D("-Infinity"), []
    for number, value in enumerate(values):
        peak = max(peak, f.D(value))
        points.append(Point(Nanos(START + number * 300 * SECOND), f.D(value), peak - f.D(value)))
    return CurveView(USDT, tuple(points), max((p.drawdown for p in points), default=f.D(0)), f.D("0.012"))


def view(**changes: Any) -> PerformanceView:
    base = PerformanceView(
        START,
        f.NOON,
        totals=(row("all", "12.34"),),
        strategies=(row("mm-1", "20"), row("manual", "-7.66")),
        hours=(row("10:00Z", "12.34"),),
        equity=curve("100", "103", "101.5", "104"),
        unrealized=f.D("-1.5"),
    )
    return msgspec.structs.replace(base, **changes)


def lines(content: PaneContent) -> list[str]:
    return ["".join(text for text, _ in each.line) for each in content.rows]


def text(found: PerformanceView | None, *, width: int = 80, height: int = 20, is_ascii: bool = False) -> str:
    return "\n".join(lines(performance.content(found, width=width, height=height, is_ascii=is_ascii)))


def test_figures_curve_and_bars_fit_the_smallest_usual_screen() -> None:
    content = performance.content(view(), width=80, height=20, is_ascii=False)
    shown = lines(content)
    assert len(shown) <= 19
    assert "net +12.34" in shown[0]
    assert any("equity USDT   104.00" in line for line in shown)
    assert any("now 0.00   worst 1.50 1.2% of the peak" in line for line in shown)
    assert any("mm-1" in line and "+20.00" in line and "10:00Z" in line for line in shown)
    assert "since 2026-11-22T00:00:01Z" in content.title


def test_a_day_without_anything_says_so() -> None:
    empty = PerformanceView(START, f.NOON)
    assert "no fills today" in text(empty)
    assert "no equity noted yet" in text(empty)
    assert "a curve takes two" in text(view(equity=curve("100")))
    assert "asking the engine" in text(None)


def test_without_equity_the_curve_is_of_realized_results() -> None:
    found = text(view(equity=None, realized=(curve("0", "5"),)))
    assert "realized less fees USDT   5.00" in found


def test_different_quote_assets_are_told_apart_and_measured_apart() -> None:
    btc = row("mm-1", "0.00001", quote=Asset("BTC"))
    found = text(view(strategies=(row("mm-1", "20"), btc)), width=40).splitlines()
    bars = [line for line in found if line.startswith(" mm-1")]
    assert ["USDT" in bars[0], "BTC" in bars[1]] == [True, True]
    assert bars[0].count("█") == bars[1].count("█") > 0


def test_where_glyphs_are_ascii_everything_is() -> None:
    assert text(view(), is_ascii=True).isascii()
    assert "#" in text(view(), is_ascii=True)


@given(st.integers(40, 250), st.integers(4, 70), st.booleans())
def test_no_line_is_wider_than_the_pane(width: int, height: int, is_ascii: bool) -> None:
    found = view(strategies=(row("a-strategy-with-a-long-name", "-123456789.12"),))
    content = performance.content(found, width=width, height=height, is_ascii=is_ascii)
    assert all(length(each.line) <= width for each in content.rows)


def test_nobodys_name_moves_the_cursor() -> None:
    assert "\x1b" not in text(view(strategies=(row("\x1b[31mx", "1"),)))


def test_the_screen_asks_the_engine_while_it_is_shown_and_no_more_often_than_every_two_seconds() -> None:
    session, shell, clock = desk()

    def asked() -> list[int]:
        return [number for number, query in shell.asked if isinstance(query, AskPerformance)]

    session.on_view(f.view())
    assert asked() == []
    for key in ("g", "p"):
        session.router.press(key, key)
        clock.advance(1.0)
    for _ in range(5):
        session.on_view(f.view())
    assert len(asked()) == 1
    session.asking.on_reply(Reply(asked()[0], view()))
    assert session.store.performance == view()
    clock.advance(2.1)
    session.on_view(f.view())
    assert len(asked()) == 2
    for key in ("g", "t"):
        session.router.press(key, key)
        clock.advance(3.0)
    session.on_view(f.view())
    assert len(asked()) == 2


def test_an_answer_without_figures_changes_nothing() -> None:
    session, shell, clock = desk()
    session.on_view(f.view())
    session.router.press("g", "g")
    clock.advance(1.0)
    session.router.press("p", "p")
    clock.advance(1.0)
    session.on_view(f.view())
    session.asking.on_reply(Reply(shell.asked[-1][0], NotKnown("ask again")))
    assert session.store.performance is None

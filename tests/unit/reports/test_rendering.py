"""Every format of every report: it comes out, says the same, and lets nobody's text break it."""

import csv
import importlib
import io
import json
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.factories import T0
from tests.unit.reports.histories import at, history, numbered, report_of
from veloz_tui.domain import events as e
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.results import DAY
from veloz_tui.domain.types import Asset, Nanos
from veloz_tui.reports import charts
from veloz_tui.reports import csv as as_csv
from veloz_tui.reports import html as as_html
from veloz_tui.reports import json as as_json
from veloz_tui.reports import md as as_md
from veloz_tui.reports.period import custom, daily, day_of, monthly, text_of, weekly
from veloz_tui.reports.report import Group, MoneyRow, Report
from veloz_tui.reports.tables import duration, number

ALL: tuple[Group, ...] = ("strategy", "instrument", "hour")
EVIL = "<script>alert(1)</script> | `x` \x1b[31m \n# no"


class Tags(HTMLParser):
    """Which tags a file has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.add(tag)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(-2, 3), st.integers(1, 40))
def test_any_report_renders_in_every_format(seed: int, first: int, days: int) -> None:
    records = history(seed, 60).core.records
    since = Nanos(T0 + first * DAY)
    found = report_of(records, custom(since, Nanos(since + days * DAY)))
    for render in (as_md.render, as_csv.render, as_json.render):
        assert render(found, ALL).endswith("\n")
    assert as_html.render(found, ALL).endswith("</html>\n")


@pytest.mark.parametrize("groups", [(), ("hour",), ALL])
def test_an_empty_report_renders_in_every_format(groups: tuple[Group, ...]) -> None:
    found = report_of([], custom(at(0), at(60)))
    assert "holds nothing" in as_md.render(found, groups)
    assert len(as_csv.render(found, groups).splitlines()) == 1
    assert json.loads(as_json.render(found, groups))["known_until"] is None
    assert "<svg" not in as_html.render(found, groups)


def test_json_and_csv_hold_every_digit_of_the_rows() -> None:
    found = report_of(history(7).core.records)
    (total,) = found.totals
    assert Decimal(json.loads(as_json.render(found, ALL))["totals"][0]["realized"]) == total.realized
    rows = list(csv.DictReader(io.StringIO(as_csv.render(found, ALL))))
    assert [Decimal(row["net"]) for row in rows] == [row.net for row in found.rows(ALL)]
    assert [row["name"] for row in rows] == [row.name for row in found.rows(ALL)]


def test_only_the_groups_asked_for_are_shown() -> None:
    found = report_of(history(7).core.records)
    assert "by_hour" in json.loads(as_json.render(found, ("hour",)))
    assert "by_strategy" not in json.loads(as_json.render(found, ("hour",)))
    assert {row["group"] for row in csv.DictReader(io.StringIO(as_csv.render(found, ("hour",))))} == {
        "total",
        "hour",
    }
    assert "By hour" in as_md.render(found, ("hour",))
    assert "By strategy" not in as_md.render(found, ("hour",))


def evil() -> Report:
    return report_of(numbered(e.Halted(at(1), EVIL, EVIL, EVIL)))


def test_nobodys_text_becomes_a_tag_of_the_page() -> None:
    text = as_html.render(evil(), ALL)
    assert "script" not in Tags(text).found
    assert "\x1b" not in text


def test_nobodys_text_ends_a_markdown_cell_or_moves_the_cursor() -> None:
    (line,) = [line for line in as_md.render(evil(), ALL).splitlines() if "alert" in line]
    assert "\x1b" not in line
    assert len(re.findall(r"(?<!\\)\|", line)) == 7


def test_a_page_has_its_charts_inside_and_loads_nothing() -> None:
    text = as_html.render(report_of(history(7).core.records), ALL)
    assert {"svg", "table"} <= Tags(text).found
    assert not {"script", "link", "img", "iframe"} & Tags(text).found
    assert not re.search(r"\bnan\b", text.lower())


def test_a_page_forbids_itself_to_load_anything_and_follows_the_readers_colors() -> None:
    text = as_html.render(report_of(history(7).core.records), ALL)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"https?:|url\(|@import|\bsrc=|\bhref=|\son\w+=", text)
    assert not re.search(r"(fill|stroke|color): ?(#|white|black|rgb)", text.split("</style>", 1)[1])


def test_without_pygal_only_html_is_missing_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygal", None)
    for name in ("html", "charts"):
        monkeypatch.delitem(sys.modules, f"veloz_tui.reports.{name}")
    monkeypatch.delattr("veloz_tui.reports.charts")
    with pytest.raises(ConfigError, match=r"veloz-tui\[report\]") as raised:
        importlib.import_module("veloz_tui.reports.html")
    assert raised.value.exit_code == 2
    for form in ("md", "csv", "json"):
        monkeypatch.delitem(sys.modules, f"veloz_tui.reports.{form}")
        assert importlib.import_module(f"veloz_tui.reports.{form}").render(evil(), ALL)


DRAWING = """
import datetime, sys
class Later(datetime.date):
    @classmethod
    def today(cls): return cls(2031, 1, 2)
if sys.argv[1] == "later":
    datetime.date = Later
from tests.unit.reports.histories import history, report_of
from veloz_tui.reports import html
print(html.render(report_of(history(7).core.records), ("strategy", "instrument", "hour")))
"""


def test_the_same_report_is_the_same_file_in_another_process_on_another_day() -> None:
    drawn = [
        subprocess.run(
            [sys.executable, "-c", DRAWING, when], capture_output=True, check=True, timeout=60
        ).stdout
        for when in ("now", "later")
    ]
    assert b"<svg" in drawn[0]
    assert drawn[0] == drawn[1]


def test_the_charts_of_a_page_have_ids_of_their_own() -> None:
    ids = re.findall(r'<svg id="([^"]+)"', as_html.render(report_of(history(7).core.records), ALL))
    assert len(ids) == len(set(ids)) >= 4


def test_empty_charts_say_so() -> None:
    text = as_html.render(report_of([], custom(at(0), at(60))), ALL)
    assert text.count("No fills in this period") == 3
    assert "No curve" in text


@given(st.text() | st.just(EVIL), st.text(max_size=8))
def test_no_name_breaks_a_chart(name: str, unit: str) -> None:
    drawn = charts.bars([(name, 5.0, "5"), ("b", -1.0, "-1")], unit=unit, name="strategy-0")
    assert not {"script", "img", "a"} & Tags(drawn).found
    ElementTree.fromstring(drawn)


def net(name: str, amount: int) -> MoneyRow:
    return MoneyRow(
        "hour", name, Asset("USDT"), 1, 0, Decimal(1), Decimal(amount), Decimal(0), Decimal(amount), {}, {}
    )


def columns_of(*rows: MoneyRow) -> list[str]:
    found = msgspec.structs.replace(report_of(history(7).core.records), by_hour=rows)
    text = as_html.render(found, ("hour",))
    return re.findall(r"<title>(20[^<]*: [^<]* USDT)</title>", text)


def test_hours_are_drawn_as_hours_and_those_of_a_longer_time_as_days() -> None:
    near = net("2026-11-01T01:00Z", 5), net("2026-11-01T02:00Z", -7)
    assert columns_of(*near) == ["2026-11-01 01:00Z: 5 USDT", "2026-11-01 02:00Z: -7 USDT"]
    far = (*near, net("2026-11-09T23:00Z", 3))
    assert columns_of(*far) == ["2026-11-01 00:00Z: -2 USDT", "2026-11-09 00:00Z: 3 USDT"]


NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=30), st.integers(1, 10**17))
def test_every_curve_and_column_stays_within_its_drawing(values: list[float], step: int) -> None:
    points = [(1_790_000_000_000_000_000 + place * step, value) for place, value in enumerate(values)]
    end = points[-1][0] + step
    for drawn in (
        charts.line(points, end=end, unit="USDT", name="a"),
        charts.fall(points, end=end, unit="USDT", name="a"),
        charts.columns(points, width_ns=step, unit="USDT", name="a"),
        charts.bars([(str(place), value, "x") for place, value in enumerate(values)], unit="USDT", name="a"),
    ):
        assert "nan" not in drawn
        found = ElementTree.fromstring(drawn)
        height = float(found.attrib["viewBox"].split()[3])
        for part in found.iter("rect"):
            assert -1 <= float(part.attrib["x"]) <= charts.WIDTH
            assert -1 <= float(part.attrib["y"]) <= height
        for part in found.iter("path"):
            places = re.findall(r"(-?[\d.]+) (-?[\d.]+)", part.attrib["d"])
            assert all(-1 <= float(x) <= charts.WIDTH and -1 <= float(y) <= height for x, y in places)
        assert len(list(found.iter("text"))) < 100


def texts_of(drawn: str) -> list[str]:
    return [part.text or "" for part in ElementTree.fromstring(drawn).iter("text")]


def test_ticks_of_small_numbers_tell_them_apart_and_axes_say_their_units() -> None:
    texts = texts_of(charts.line([(0, 0.0), (10**12, -0.00003)], end=10**12, unit="USDT", name="a"))
    assert "-0.000012" in texts
    assert {"USDT", "UTC"} <= set(texts)
    assert len(set(texts)) == len(texts)


def test_ticks_of_a_short_time_are_hours_and_those_of_a_long_one_days() -> None:
    began = at(0)
    day = texts_of(charts.line([(began, 1.0), (began + DAY, 2.0)], end=began + DAY, unit="U", name="a"))
    month = texts_of(charts.line([(began, 1.0), (began + 9, 2.0)], end=began + 28 * DAY, unit="U", name="a"))
    assert "06:00" in day
    assert "11 Jan" in month or "12 Jan" in month or "15 Jan" in month


def test_money_has_eight_places_and_no_idle_zeros() -> None:
    values = ("1.10", "-0.000000001", "100", "0.123456785", "1E+3", "0")
    assert [number(Decimal(value)) for value in values] == ["1.1", "0", "100", "0.12345678", "1000", "0"]
    assert number(None) == "–"


def test_durations_never_show_sixty_seconds() -> None:
    shown = [duration(int(s * 1_000_000_000)) for s in (0, 59.99, 3599.96, 86_399.99, 86_400, 90_061.5)]
    expected = ["00:00:00.0", "00:00:59.9", "00:59:59.9", "23:59:59.9", "1d 00:00:00.0", "1d 01:01:01.5"]
    assert shown == expected


# --- periods ---------------------------------------------------------------------------------------------


@given(st.dates(date(1971, 2, 1), date(2261, 1, 1)), st.integers(0, 86_399))
def test_days_make_up_weeks_and_months_without_gap_or_overlap(day: date, start_s: int) -> None:
    for whole in (weekly(day, day_start_s=start_s), monthly(day, day_start_s=start_s)):
        here = whole.since
        while here < whole.until:
            part = daily(day_of(here, day_start_s=start_s), day_start_s=start_s)
            assert part.since == here
            here = part.until
        assert here == whole.until


def test_periods_are_named_and_cut_in_utc_at_the_days_start() -> None:
    found = daily(date(2026, 11, 22), day_start_s=3_600)
    assert (text_of(found.since), text_of(found.until)) == ("2026-11-22 01:00:00Z", "2026-11-23 01:00:00Z")
    assert (weekly(date(2027, 1, 1)).label, text_of(weekly(date(2027, 1, 1)).since)[:10]) == (
        "2026-W53",
        "2026-12-28",
    )
    assert (monthly(date(2026, 12, 31)).label, text_of(monthly(date(2026, 12, 31)).until)[:10]) == (
        "2026-12",
        "2027-01-01",
    )
    assert day_of(Nanos(found.since - 1), day_start_s=3_600) == date(2026, 11, 21)


def test_a_period_that_is_empty_is_none() -> None:
    with pytest.raises(ValueError, match="ends after"):
        custom(at(1), at(1))

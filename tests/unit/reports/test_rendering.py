"""Every format of every report: it comes out, says the same, and lets nobody's text break it."""

import csv
import io
import json
import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.factories import T0
from tests.unit.reports.histories import at, history, numbered, report_of
from veloz_tui.domain import events as e
from veloz_tui.domain.results import DAY
from veloz_tui.domain.types import Nanos
from veloz_tui.reports import csv as as_csv
from veloz_tui.reports import html as as_html
from veloz_tui.reports import json as as_json
from veloz_tui.reports import md as as_md
from veloz_tui.reports import svg
from veloz_tui.reports.period import custom, daily, day_of, monthly, text_of, weekly
from veloz_tui.reports.report import Group, Report
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
    assert not re.search(r"https?://|url\(|@import|\bsrc=|\bhref=", text)


def test_empty_charts_say_so() -> None:
    text = as_html.render(report_of([], custom(at(0), at(60))), ALL)
    assert text.count("No fills in this period") == 3
    assert "No curve" in text


def test_a_strategys_name_breaks_no_chart() -> None:
    drawn = svg.bars([(EVIL * 3, 5.0, "5"), ("b", -1.0, "-1")])
    assert "<script" not in drawn
    ElementTree.fromstring(drawn)


NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.integers(1, 10**17))
def test_every_curve_and_column_stays_within_its_drawing(values: list[float], step: int) -> None:
    points = [(1_790_000_000_000_000_000 + place * step, value) for place, value in enumerate(values)]
    begin, end = points[0][0], points[-1][0] + step
    for drawn in (
        svg.line(points, begin=begin, end=end, height=300, kind="worth"),
        svg.columns(points, begin=begin, end=end, width_ns=step, height=300),
        svg.bars([(str(place), value, "x") for place, value in enumerate(values)]),
    ):
        found = ElementTree.fromstring(drawn)
        height = float(found.attrib["viewBox"].split()[3])
        for part in found.iter("rect"):
            assert -1 <= float(part.attrib["x"]) <= svg.WIDTH
            assert -1 <= float(part.attrib["y"]) <= height
        for part in found.iter("path"):
            places = re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", part.attrib["d"])
            assert all(0 <= float(x) <= svg.WIDTH and 0 <= float(y) <= height for x, y in places)
        assert len(list(found.iter("line"))) < 60


def test_ticks_of_small_numbers_tell_them_apart() -> None:
    drawn = svg.line([(0, 0.0), (10**12, -0.00003)], begin=0, end=10**12, height=300, kind="worth")
    texts = [part.text for part in ElementTree.fromstring(drawn).iter("text")]
    assert "-0.00001" in texts
    assert len(set(texts)) == len(texts)


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

"""`:export`: a pane's rows as CSV, exact, and never over a file that is there."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from tests.tui import factories as f
from tests.tui.headless import headless
from veloz_tui.domain.types import StrategyId
from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import exporting
from veloz_tui.tui.session import Session

KEYS = {" ": "space", ".": "full_stop", "/": "slash"}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def typed(session: Session, text: str) -> str:
    session.router.press("colon", ":")
    for character in text:
        session.router.press(
            {" ": "space", ".": "full_stop", "/": "slash"}.get(character, character), character
        )
        session.typing.rest()
    session.router.press("enter", "\r")
    return "" if session.message is None else session.message.text


def test_the_numbers_are_the_engines() -> None:
    found = rows(exporting.csv_of("orders", f.view()))
    assert [row["price"] for row in found] == [str(order.price) for order in f.orders()]
    assert found[0]["ahead"] == "3.1" and found[1]["ahead"] == ""


@pytest.mark.parametrize("pane", exporting.PANES)
def test_every_pane_can_be_exported(pane: str) -> None:
    fill = LogEntry(11, f.NOON, "fill", "FILL", instrument_id=f.BTC, fill=f.own_fill())
    found = rows(exporting.csv_of(pane, f.view(), fills=(fill,), instrument_id=f.BTC))
    assert found and all(None not in row.values() for row in found)


def test_words_that_a_spreadsheet_would_compute_stay_words() -> None:
    view = f.view(strategies=(f.strategy("=1+1"),))
    assert rows(exporting.csv_of("strategies", view))[0]["strategy_id"] == "'=1+1"


@pytest.mark.parametrize("wrong", ["ladder", "", "../orders"])
def test_a_pane_that_is_none_is_named(wrong: str) -> None:
    with pytest.raises(exporting.ExportError, match="there is orders, positions"):
        exporting.csv_of(wrong, f.view())


def test_typed_it_writes_once_and_overwrites_nothing(tmp_path: Path) -> None:
    session, _ = headless(f.view())
    path = tmp_path / "o.csv"
    assert typed(session, f"export orders {path}") == f"EXPORTED orders: 7 rows to {path}"
    before = path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "it exists. Nothing changed" in typed(session, f"export positions {path}")
    assert path.read_text(encoding="utf-8") == before


def test_a_place_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    session, _ = headless(f.view(strategies=(f.strategy(strategy_id=StrategyId("a")),)))
    said = typed(session, f"export strategies {tmp_path / 'none' / 'o.csv'}")
    assert said.startswith("NOT WRITTEN") and "No such file or directory" in said


def test_the_home_of_nobody_is_no_place() -> None:
    session, _ = headless(f.view())
    assert typed(session, "export orders ~nobody-is-here/o.csv").startswith("NOT WRITTEN")


def test_an_empty_pane_writes_nothing(tmp_path: Path) -> None:
    session, _ = headless(f.view(orders=()))
    assert typed(session, f"export orders {tmp_path / 'o.csv'}") == "NOT WRITTEN: orders has no rows"
    assert not (tmp_path / "o.csv").exists()


def test_a_theme_is_chosen_by_its_number_too() -> None:
    session, _ = headless(f.view())
    assert typed(session, "theme 5") == "theme light"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("help cancel", ":cancel ID.. | all [INST] [VENUE] [by NAME] [stops]"),
        ("help frob", "no command frob: ? lists the keys, Tab after : the commands"),
    ],
)
def test_help_on_a_command_says_how_it_is_written(line: str, says: str) -> None:
    session, _ = headless(f.view())
    assert typed(session, line) == says


def test_theme_alone_lists_the_themes() -> None:
    session, _ = headless(f.view())
    assert typed(session, "theme") == (
        "themes: 1 ansi-16, 2 color-blind, 3 dark, 4 high-contrast, 5 light. :theme NAME or :theme 1 changes"
    )

"""`:report`: made by another process, in a new file, with a word of where it is."""

import sys
from pathlib import Path

import pytest

from tests.tui import factories as f
from tests.tui.headless import RecordingShell, headless
from veloz_tui.tui import reporting
from veloz_tui.tui.session import Session


def type_line(session: Session, text: str) -> None:
    session.router.press("colon", ":")
    for letter in text:
        session.router.press(letter, letter)
        session.typing = type(session.typing)()
    session.router.press("enter", None)


def said(session: Session) -> str:
    return "" if session.message is None else session.message.text


def typed(text: str) -> tuple[Session, RecordingShell]:
    ticks = iter(range(10_000))
    session, shell = headless(f.view(), lambda: 1000.0 + next(ticks))
    type_line(session, text)
    return session, shell


def test_a_report_is_asked_for_by_its_kind() -> None:
    assert typed("report daily")[1].reports == ["daily"]
    session, shell = typed("report hourly")
    assert shell.reports == []
    assert "hourly is no report: report daily | weekly | monthly" in session.command_hint


MAKER = "import sys; open(sys.argv[3], 'x').write(sys.argv[1])"


@pytest.mark.parametrize(
    ("code", "is_made", "text"),
    [(MAKER, True, "REPORT written"), ("import sys; sys.exit('no journal yet')", False, "no journal yet")],
)
async def test_a_report_is_made_by_another_process_and_its_place_or_its_reason_is_said(
    tmp_path: Path, code: str, is_made: bool, text: str
) -> None:
    found = await reporting.make_report((sys.executable, "-c", code), tmp_path / "reports", "daily")
    assert found[1] is is_made
    assert text in found[0]
    assert len(list((tmp_path / "reports").iterdir())) == is_made


async def test_a_program_that_isnt_there_is_no_traceback(tmp_path: Path) -> None:
    said, is_made = await reporting.make_report((str(tmp_path / "nothing"),), tmp_path / "r", "daily")
    assert not is_made
    assert "not written" in said

"""Bracketed pastes, between the terminal and the parser."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.tui.pastes import END, MAX_CHARACTERS, OPEN_S, START, Pastes

KILL = "\x0b"


def cut(text: str, places: list[int]) -> list[str]:
    """The text in pieces, as reads from a terminal cut it."""
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in itertools.pairwise(edges)]


@given(
    before=st.text("ab[20~", max_size=9),
    content=st.text("xy\x1b[201~\r\n", max_size=40).filter(lambda text: END not in text + END[:-1]),
    after=st.text("cd[201~", max_size=9),
    places=st.lists(st.integers(0, 200), max_size=9),
)
def test_a_paste_reaches_the_parser_whole_and_without_escapes(
    before: str, content: str, after: str, places: list[int]
) -> None:
    pastes = Pastes()
    told = "".join(pastes.take(piece, 0.0) for piece in cut(before + START + content + END + after, places))
    assert told == before + START + content.replace("\x1b", "") + END + after


@given(text=st.text("ab\x1b[20~", max_size=40).filter(lambda text: START not in text))
def test_what_is_no_paste_passes_at_once(text: str) -> None:
    pastes = Pastes()
    assert [pastes.take(letter, 0.0) for letter in text] == list(text)


def test_a_paste_whose_end_was_lost_is_over_after_a_moment_and_keys_are_keys_again() -> None:
    pastes = Pastes()
    assert pastes.take(START + "half of a scr", 10.0) == START
    assert pastes.tick(10.0 + OPEN_S / 2) == ""
    assert pastes.tick(10.0 + OPEN_S) == "half of a scr" + END
    assert pastes.take(KILL, 12.0) == KILL


def test_a_key_that_is_pressed_again_and_again_does_not_keep_it_open() -> None:
    pastes = Pastes()
    pastes.take(START + "half", 10.0)
    for tenth in range(1, 10):
        pastes.take(KILL, 10.0 + tenth / 10)
    assert pastes.tick(10.0 + OPEN_S).endswith(END)


def test_a_paste_that_goes_on_stays_open() -> None:
    pastes = Pastes()
    pastes.take(START, 10.0)
    for second in range(1, 9):
        assert pastes.tick(10.0 + second * OPEN_S / 2) == ""
        pastes.take("more of it", 10.0 + second * OPEN_S / 2)
    assert pastes.take(END, 15.0) == "more of it" * 8 + END


def test_what_is_too_long_is_dropped_and_its_end_still_seen() -> None:
    pastes = Pastes()
    told = pastes.take(START, 0.0)
    for _ in range(300):
        told += pastes.take("z" * 4000, 0.0)
    told += pastes.take(END[:3], 0.0) + pastes.take(END[3:] + "j", 0.0)
    assert told == START + "z" * MAX_CHARACTERS + END + "j"

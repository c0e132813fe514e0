"""The small pure parts: tables, themes, glyphs, keymap, key names, guards, scheduler, line editor."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.tui import glyphs, history, keys, table, theme, tmux
from veloz_tui.tui.grid import GridCursor, GridRow
from veloz_tui.tui.keymap import DEFAULT, Danger, Keymap, KeymapError
from veloz_tui.tui.kill import DoublePress, KillKey, Stroke
from veloz_tui.tui.lineedit import LineEdit
from veloz_tui.tui.scheduler import FrameScheduler
from veloz_tui.tui.table import Column, Row

# -- terminals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "colorterm", "has"),
    [
        ("vt100", "", "False"),
        ("xterm", "", "True"),
        ("vt100", "truecolor", "True"),
        ("nobody-knows", "", "True"),
    ],
)
def test_a_terminal_that_is_known_to_have_no_colors_gets_none(term: str, colorterm: str, has: str) -> None:
    asked = (sys.executable, "-c", "from veloz_tui.tui.glyphs import has_colors; print(has_colors())")
    environment = {**os.environ, "TERM": term, "COLORTERM": colorterm}  # terminfo is read once a process
    told = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=30, check=True)
    assert told.stdout.strip() == has


# -- tables -------------------------------------------------------------------------------------------

COLUMNS = (
    Column("name", priority=0),
    Column("price", is_number=True, priority=0),
    Column("age", is_number=True, priority=2),
    Column("by", priority=1),
)
ROWS = (Row("1", (("BTC", "base"), ("64,123.60", "base"), ("12s", "base"), ("manual", "base"))),)


@given(st.integers(0, 60))
def test_columns_are_dropped_whole_and_by_priority(width: int) -> None:
    fitted = table.widths(COLUMNS, ROWS, width)
    line = table.plain(table.render(COLUMNS, ROWS[0], fitted)).rstrip()
    assert len(line) <= max(width, 0)
    for column, cell, shown in zip(COLUMNS, ROWS[0].cells, fitted, strict=True):
        assert shown in {0, max(len(column.title), len(cell[0]))}
    assert not (fitted[2] and not fitted[3]), "age goes before by"


def test_a_number_wider_than_its_column_becomes_hashes() -> None:
    narrow = (Column("p", is_number=True, max_width=4),)
    row = Row("1", (("64,123.60", "base"),))
    assert table.plain(table.render(narrow, row, table.widths(narrow, [row], 10))).strip() == "####"


# -- cursor -------------------------------------------------------------------------------------------


def rows(names: str) -> list[GridRow]:
    return [GridRow(name, ((name, "base"),)) for name in names]


@given(st.permutations("abcdef"), st.integers(0, 5), st.integers(1, 6))
def test_the_cursor_stays_on_its_row_wherever_that_moves(order: list[str], at: int, height: int) -> None:
    cursor = GridCursor()
    cursor.select(rows("abcdef"), at)
    moved = rows("".join(order))
    cursor.follow(moved, height)
    assert cursor.key == "abcdef"[at]
    assert cursor.top <= order.index("abcdef"[at]) < cursor.top + height


def test_the_cursor_of_a_vanished_row_does_not_move_to_another() -> None:
    cursor = GridCursor()
    cursor.select(rows("abc"), 1)
    cursor.follow(rows("ac"), 5)
    assert cursor.key == "b" and not cursor.present(rows("ac"))
    cursor.move(rows("ac"), 1)
    assert cursor.key == "c"


# -- themes -------------------------------------------------------------------------------------------


def test_every_shipped_theme_has_every_tone() -> None:
    assert theme.available() == ["ansi-16", "color-blind", "dark", "high-contrast", "light"]
    for name in theme.available():
        palette = theme.load(name)
        for tone in theme.TONES:
            palette.style(tone)


def test_chinese_colors_swap_gains_and_losses_but_not_alerts() -> None:
    western, chinese = theme.load("dark"), theme.load("dark", colors="chinese")
    assert western.style("up") == chinese.style("down")
    assert western.style("bid") == chinese.style("ask")
    assert western.style("crit") == chinese.style("crit")


def test_without_color_no_tone_has_one_and_alarms_still_differ() -> None:
    palette = theme.load("dark", no_color=True)
    for tone in theme.TONES:
        style = palette.style(tone)
        assert style.color is None and style.bgcolor is None
    assert palette.style("crit").reverse and palette.style("warn").bold


def test_a_users_theme_wins_and_a_broken_one_is_named(tmp_path: Path) -> None:
    text = (theme.directory() / "light.toml").read_text()
    (tmp_path / "dark.toml").write_text(text)
    assert theme.load("dark", extra=tmp_path).style("base") == theme.load("light").style("base")
    (tmp_path / "bad.toml").write_text('[tones]\nbase = "red"\n')
    with pytest.raises(theme.ThemeError, match="bad: missing"):
        theme.load("bad", extra=tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(theme.ThemeError, match="binary can't be read"):
        theme.load("binary", extra=tmp_path)
    with pytest.raises(theme.ThemeError, match="no theme 'nope'; there are: ansi-16"):
        theme.load("nope")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "en_US.UTF-8", "TERM": "xterm"}, glyphs.UNICODE),
        ({"LANG": "C", "TERM": "xterm"}, glyphs.ASCII),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, glyphs.ASCII),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX", "TERM": "xterm"}, glyphs.ASCII),
        ({}, glyphs.ASCII),
    ],
)
def test_ascii_signs_where_others_may_not_show(environ: dict[str, str], expected: glyphs.Glyphs) -> None:
    assert glyphs.for_terminal(environ) is expected


# -- keymap -------------------------------------------------------------------------------------------


def test_a_keymap_without_kill_is_refused() -> None:
    with pytest.raises(KeymapError, match="without a kill key"):
        Keymap({"kill": []})


def test_kill_can_be_rebound_and_its_display_follows() -> None:
    keymap = Keymap({"kill": ["ctrl+g"]})
    found = keymap.find("ctrl+g")
    assert found is not None and found.danger is Danger.KILL and found.keys_shown == "^G^G"
    assert keymap.find("ctrl+k") is None


def test_clashes_and_unknown_actions_are_refused() -> None:
    with pytest.raises(KeymapError, match="bound to both"):
        Keymap({"zoom": ["x"]})
    with pytest.raises(KeymapError, match="kill everywhere"):
        Keymap({"zoom": ["ctrl+k"]})
    with pytest.raises(KeymapError, match="unknown actions: fly"):
        Keymap({"fly": ["f"]})


def test_every_action_has_a_help_text_and_a_key() -> None:
    assert all(action.help and action.label and action.chords for action in DEFAULT)
    assert len({action.id for action in DEFAULT}) == len(DEFAULT)


@pytest.mark.parametrize(
    ("key", "character", "name"),
    [
        ("x", "x", "x"),
        ("ч", "ч", "x"),
        ("Ч", "Ч", "X"),
        ("Ж", "Ж", "colon"),
        ("χ", "χ", "x"),
        ("ｘ", "ｘ", "x"),
        ("fullwidth_colon", "：", "colon"),
        ("ctrl+л", None, "ctrl+k"),
        ("ctrl+k", "\x0b", "ctrl+k"),
        ("ctrl+shift+k", None, "ctrl+k"),
        ("shift+tab", None, "shift+tab"),
        ("é", "é", "é"),
    ],
)
def test_keys_have_their_place_on_a_latin_keyboard(key: str, character: str | None, name: str) -> None:
    assert keys.binding_key(key, character) == name


@pytest.mark.parametrize("key", ["left_control", "right_meta", "caps_lock", "iso_level5_shift"])
def test_modifiers_alone_are_no_keys(key: str) -> None:
    assert keys.is_lone_modifier(key)


@pytest.mark.parametrize("key", ["ctrl+k", "k", "shift+tab", "left", "control_x"])
def test_keys_with_modifiers_are_keys(key: str) -> None:
    assert not keys.is_lone_modifier(key)


def test_tmux_bindings_of_the_root_table_are_found() -> None:
    listing = (
        "bind-key    -T root   C-k   if-shell vim 'send-keys C-k'\n"
        "bind-key -r -T root   C-l   next\n"
        "bind-key    -T prefix F12   x\n"
    )
    assert tmux.bound_chords(listing, ("ctrl+k", "f12", "ctrl+l")) == ["ctrl+k", "ctrl+l"]


# -- guards -------------------------------------------------------------------------------------------


@given(st.floats(0, 10))
def test_a_second_stroke_kills_only_within_three_seconds(wait: float) -> None:
    key = KillKey()
    assert key.press(100.0) is Stroke.FIRST
    assert (key.press(100.0 + wait) is Stroke.SECOND) == (100.0 + wait < 103.0)


def test_a_double_press_needs_its_banner_painted() -> None:
    guard = DoublePress()
    assert guard.press(0.0, "scope") is Stroke.FIRST
    assert guard.press(0.5, "scope") is Stroke.TOO_EARLY
    guard.painted()
    assert guard.press(0.6, "scope") is Stroke.SECOND
    assert guard.press(0.7, "scope") is Stroke.FIRST


# -- scheduler ----------------------------------------------------------------------------------------


def test_frames_come_at_most_ten_times_a_second_and_only_when_needed() -> None:
    scheduler = FrameScheduler()
    assert scheduler.delay(0.0) is None
    scheduler.invalidate()
    assert scheduler.delay(0.0) == 0.0
    scheduler.painted(0.0)
    assert scheduler.delay(0.05) is None
    scheduler.invalidate()
    assert scheduler.delay(0.04) == pytest.approx(0.06)


def test_dear_frames_or_a_far_terminal_halve_the_rate() -> None:
    dear, far = FrameScheduler(), FrameScheduler()
    for _ in range(10):
        dear.cost(0.030)
    far.rtt_s = 0.2
    assert dear.hz == far.hz == 5.0 and dear.is_slow and far.is_slow


# -- line editor --------------------------------------------------------------------------------------


@given(
    st.lists(
        st.sampled_from(["left", "right", "home", "end", "backspace", "delete", "ctrl+w", "ctrl+u", "x"])
    )
)
def test_the_cursor_stays_inside_the_text(presses: list[str]) -> None:
    edit = LineEdit("buy 0.5 btc")
    for key in presses:
        edit.key(key, key if key == "x" else None)
        assert 0 <= edit.cursor <= len(edit.text)


def test_typed_control_characters_do_not_get_in() -> None:
    edit = LineEdit()
    edit.insert("a\x1b[2Jb\r\nc\u202e")
    assert edit.text == "a[2Jb  c"


def test_history_marks_a_line_as_recalled_until_it_is_touched() -> None:
    edit = LineEdit(history=["one", "two"])
    edit.key("up", None)
    assert (edit.text, edit.recalled) == ("two", True)
    edit.key("end", None)
    assert not edit.recalled


# -- history ------------------------------------------------------------------------------------------


def test_history_is_kept_for_its_owner_alone_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "history"
    assert history.load(path) == []
    assert history.save(path, (f"cancel {number}" for number in range(300)))
    assert path.stat().st_mode & 0o777 == 0o600
    assert history.load(path) == [f"cancel {number}" for number in range(100, 300)]


def test_a_damaged_history_is_cleaned_and_a_missing_folder_no_error(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(b"q\x1b[2J\n\xff\n\n")
    assert history.load(path) == ["q[2J", "\ufffd"]
    assert not history.save(tmp_path / "none" / "history", ["q"])

"""The writer and the frame gate under a terminal that is slow, silent or gone."""

import os

from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.tui.tty import MAX_BACKLOG, FrameGate, TtyWriter


def test_put_never_blocks_and_drops_pictures_but_no_modes_when_the_terminal_stalls() -> None:
    reader, writer_fd = os.pipe()
    writer = TtyWriter(writer_fd)
    writer.start()
    picture = "x" * 10_000
    taken = sum(writer.put(picture) for _ in range(200))
    assert taken < 200 and writer.dropped == 200 - taken
    assert writer.backlog <= MAX_BACKLOG + len(picture)
    assert writer.put("\x1b[?25h")
    os.close(reader)
    writer.join(5)
    assert writer.is_gone and not writer.put("more")
    os.close(writer_fd)


def test_finish_gives_everything_to_a_terminal_that_reads() -> None:
    reader, writer_fd = os.pipe()
    writer = TtyWriter(writer_fd)
    writer.start()
    writer.put("héllo")
    assert writer.finish(5)
    assert os.read(reader, 100).decode() == "héllo"
    os.close(reader)
    os.close(writer_fd)


def column(question: str | None) -> int:
    assert question is not None
    return int(question.partition("[1;")[2].partition("H")[0])


def test_the_next_frame_waits_for_the_answer() -> None:
    gate = FrameGate()
    tag = column(gate.probe(0.0))
    assert not gate.is_open(0.01, backlog=0)
    assert gate.answered(tag, 0.03)
    assert gate.is_open(0.03, backlog=0) and not gate.is_open(0.03, backlog=1)
    assert gate.rtt_s == 0.03


def test_two_frames_may_be_on_their_way_to_a_far_terminal() -> None:
    gate = FrameGate()
    gate.answered(column(gate.probe(0.0)), 0.2)
    gate.probe(0.2)
    assert gate.is_open(0.21, backlog=0)
    gate.probe(0.21)
    assert not gate.is_open(0.22, backlog=0)


def test_after_a_second_without_an_answer_the_backlog_decides() -> None:
    gate = FrameGate()
    gate.probe(0.0)
    assert not gate.is_open(0.99, backlog=0)
    assert gate.is_open(1.01, backlog=0)


def test_a_terminal_that_never_answers_is_asked_rarely() -> None:
    gate = FrameGate()
    asked = 0
    for step in range(400):
        now = step * 0.1
        if gate.is_open(now, backlog=0) and gate.probe(now) is not None:
            asked += 1
    assert not gate.answers
    assert asked <= 3 + 40 / FrameGate.RETRY_S + 1


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_lost_answers_never_shift_later_ones(lost: list[bool]) -> None:
    gate = FrameGate()
    now = 0.0
    for is_lost in lost:
        question = gate.probe(now)
        now += 0.05
        if question is not None and not is_lost:
            assert gate.answered(column(question), now)
            assert gate.rtt_s is not None and abs(gate.rtt_s - 0.05) < 1e-9
            assert gate.frames_seen == gate.frames_sent


def test_a_strangers_cursor_report_is_no_answer() -> None:
    gate = FrameGate()
    gate.probe(0.0)
    assert not gate.answered(40, 0.01)

"""How a report gives way to an engine that trades."""

from veloz_tui.commands.report_source import MOST_REST_S, Pace


class Time:
    """Moves only when somebody works or rests."""

    def __init__(self) -> None:
        self.now = 0.0
        self.rests: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds


def rests_after(*works: float, is_gentle: bool) -> list[float]:
    time = Time()
    pace = Pace(is_gentle=is_gentle, clock=lambda: time.now, sleep=time.sleep)
    for work in works:
        time.now += work
        pace.step()
    return time.rests


def test_beside_an_engine_it_rests_as_long_as_it_worked() -> None:
    assert rests_after(0.25 * MOST_REST_S, 0.5 * MOST_REST_S, is_gentle=True) == [
        0.25 * MOST_REST_S,
        0.5 * MOST_REST_S,
    ]


def test_a_slow_disk_does_not_make_it_rest_for_seconds() -> None:
    assert rests_after(30.0, is_gentle=True) == [MOST_REST_S]


def test_without_an_engine_it_never_rests() -> None:
    assert rests_after(1.0, 1.0, is_gentle=False) == []

"""The parking: one FIFO, each submit leaves it once."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.factories import T0, VENUE, limit_buy
from veloz_tui.domain.types import ClientOrderId, Nanos
from veloz_tui.engine.actions import Submit
from veloz_tui.runtime.parking import Parking


def submit(number: int, *, deadline: int = 10**6) -> Submit:
    name = ClientOrderId(f"o{number}")
    return Submit(name, VENUE, limit_buy("1 @ 100"), seq=number, deadline=Nanos(T0 + deadline))


def parked(*numbers: int) -> Parking:
    parking = Parking()
    for number in numbers:
        parking.park(submit(number, deadline=number * 100))
    return parking


def released(parking: Parking, durable: int) -> list[int]:
    found = []
    while (one := parking.release_next(durable)) is not None:
        found.append(one.seq)
    return found


def test_only_what_is_durable_is_released_in_order() -> None:
    parking = parked(3, 5, 8)
    assert released(parking, 2) == []
    assert released(parking, 5) == [3, 5]
    assert released(parking, 99) == [8]
    assert len(parking) == 0


def test_a_removed_one_is_never_released() -> None:
    parking = parked(3, 5)
    assert parking.remove([ClientOrderId("o3"), ClientOrderId("nobody")]) == ["o3"]
    assert parking.remove([ClientOrderId("o3")]) == []
    assert released(parking, 99) == [5]


def test_no_names_mean_all() -> None:
    parking = parked(3, 5)
    assert parking.remove(()) == ["o3", "o5"]
    assert released(parking, 99) == []


def test_late_ones_are_removed_at_their_deadline() -> None:
    parking = parked(3, 5)
    assert parking.next_deadline == T0 + 300
    assert parking.remove_late(Nanos(T0 + 299)) == []
    assert parking.remove_late(Nanos(T0 + 300)) == ["o3"]
    assert parking.next_deadline == T0 + 500
    assert parking.remove_late(Nanos(T0 + 10_000)) == ["o5"]
    assert parking.next_deadline is None


def test_nothing_late_removes_nothing() -> None:
    parking = parked(3)
    parking.remove_late(T0)
    assert len(parking) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["park", "release", "remove", "late"]), st.integers(0, 60)), max_size=80
    )
)
def test_each_leaves_exactly_once(steps: list[tuple[str, int]]) -> None:
    parking, seq, came, left = Parking(), 0, set(), []
    for step, number in steps:
        match step:
            case "park":
                seq += 1
                parking.park(submit(seq, deadline=number))
                came.add(f"o{seq}")
            case "release":
                numbers = released(parking, number)
                assert all(one <= number for one in numbers)
                left += [f"o{one}" for one in numbers]
            case "remove":
                left += parking.remove([ClientOrderId(f"o{number}")])
            case _:
                left += parking.remove_late(Nanos(T0 + number))
    left += parking.remove(())
    assert len(left) == len(set(left))
    assert set(left) == came

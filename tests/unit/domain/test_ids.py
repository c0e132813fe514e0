"""Client order ids: unique for ever, readable, ours."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.domain.ids import account_tag, client_order_id, is_ours, next_epoch
from veloz_tui.domain.types import Nanos

EPOCHS, COUNTERS = st.integers(0, 32**5 - 1), st.integers(0, 32**6 - 1)
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def at(year: int, month: int = 1, day: int = 1, minute: int = 0) -> Nanos:
    moment = datetime(year, month, day, 0, minute, tzinfo=UTC)
    return Nanos(int(moment.timestamp()) * 1_000_000_000)


@given(EPOCHS, COUNTERS, EPOCHS, COUNTERS)
def test_one_id_an_epoch_and_counter(epoch: int, counter: int, epoch_2: int, counter_2: int) -> None:
    first = client_order_id(account="7K", epoch=epoch, counter=counter)
    second = client_order_id(account="7K", epoch=epoch_2, counter=counter_2)
    assert (first == second) is ((epoch, counter) == (epoch_2, counter_2))
    assert len(first) == 16
    assert first.isascii()
    assert first.isalnum()
    assert is_ours(first)


@given(EPOCHS, COUNTERS, st.integers(2, 15), st.sampled_from(LETTERS))
def test_ids_sort_by_time_and_a_wrong_letter_is_noticed_mostly(
    epoch: int, counter: int, where: int, letter: str
) -> None:
    made = client_order_id(account="00", epoch=epoch, counter=counter)
    if counter + 1 < 32**6:
        assert made[:15] < client_order_id(account="00", epoch=epoch, counter=counter + 1)[:15]
    wrong = made[:where] + letter + made[where + 1 :]
    if where == 15:
        assert is_ours(wrong) is (wrong == made)


def test_wrong_letters_are_noticed() -> None:
    made = client_order_id(account="00", epoch=1234, counter=99)
    wrongs = [
        made[:i] + letter + made[i + 1 :] for i in range(2, 16) for letter in LETTERS if made[i] != letter
    ]
    noticed = sum(not is_ours(wrong) for wrong in wrongs)
    assert noticed / len(wrongs) > 0.9


@pytest.mark.parametrize(
    "text", ["", "vz", "web_abcdefghijkl", "VZ00000010000001", "vz000000100000I1", "x-BTC-1"]
)
def test_others_ids_are_not_ours(text: str) -> None:
    assert not is_ours(text)


@pytest.mark.parametrize(("epoch", "counter"), [(-1, 0), (32**5, 0), (0, -1), (0, 32**6)])
def test_out_of_range_is_an_error_and_never_a_repeat(epoch: int, counter: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        client_order_id(account="00", epoch=epoch, counter=counter)


def test_an_epoch_is_the_minute_of_the_start() -> None:
    assert next_epoch(last=0, now=at(2024)) == 1
    assert next_epoch(last=0, now=at(2024, minute=7)) == 7
    assert next_epoch(last=0, now=at(2025)) == 366 * 1440


def test_epochs_grow_even_when_the_clock_stands_or_goes_back() -> None:
    first = next_epoch(last=0, now=at(2026))
    again = next_epoch(last=first, now=at(2026))
    assert again == first + 1
    assert next_epoch(last=again, now=at(2024)) == again + 1


def test_a_restored_backup_does_not_reuse_epochs_once_the_clock_has_passed_them() -> None:
    used = {next_epoch(last=0, now=at(2026, minute=minute)) for minute in range(10)}
    assert next_epoch(last=min(used), now=at(2026, minute=11)) not in used


def test_epochs_fit_their_letters_for_sixty_years() -> None:
    assert next_epoch(last=0, now=at(2084)) < 32**5


def test_accounts_have_tags_of_two_letters() -> None:
    tags = {account_tag(f"BINANCE:{uid}") for uid in range(50)}
    assert all(len(tag) == 2 and set(tag) <= set(LETTERS) for tag in tags)
    assert len(tags) > 40

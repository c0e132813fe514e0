"""The depth synchroniser: buffer, snapshot, bridge, gap, epochs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from veloz_tui.domain.book import Level, OrderBook
from veloz_tui.domain.reports import BookDelta, BookSnapshot, BookStale
from veloz_tui.domain.types import InstrumentId, Nanos
from veloz_tui.venues.book_sync import BookSync, BookUpdate, Change

X = InstrumentId("X.BINANCE")


def change(first: int, last: int, *, bids: list[Level] | None = None) -> Change:
    return Change(first, last, bids or [], [], Nanos(0))


def started(*, max_buffered: int = 100) -> BookSync:
    sync = BookSync(X, jitter=lambda: 1.0, max_buffered=max_buffered)
    sync.restart("start")
    return sync


def snapshot(sync: BookSync, last_id: int, *, epoch: int | None = None) -> tuple[BookUpdate, ...]:
    return sync.on_snapshot(epoch=sync.epoch if epoch is None else epoch, last_id=last_id, bids=[], asks=[])


def ids(updates: tuple[BookUpdate, ...]) -> list[int]:
    return [one.update_id for one in updates if isinstance(one, BookSnapshot | BookDelta)]


def live_at(last_id: int) -> BookSync:
    sync = started()
    snapshot(sync, last_id)
    return sync


def test_a_start_asks_for_a_snapshot_at_once_and_has_nothing_to_call_stale() -> None:
    sync = BookSync(X, jitter=lambda: 1.0)
    assert sync.restart("start") == ()
    assert sync.snapshot_after_s == 0


def test_changes_before_the_snapshot_are_buffered_and_bridged() -> None:
    sync = started()
    for first, last in ((5, 8), (9, 10), (11, 15)):
        assert sync.on_change(change(first, last)) == ()
    updates = snapshot(sync, 9)  # inside the second change
    assert isinstance(updates[0], BookSnapshot)
    assert ids(updates) == [9, 10, 15]
    assert sync.is_live


def test_changes_that_the_snapshot_holds_already_are_dropped() -> None:
    sync = started()
    sync.on_change(change(5, 8))
    assert ids(snapshot(sync, 8)) == [8]
    assert ids(sync.on_change(change(9, 9))) == [9]


def test_a_snapshot_older_than_the_first_change_is_fetched_again_later() -> None:
    sync = started()
    sync.on_change(change(20, 25))
    assert snapshot(sync, 18) == ()
    assert not sync.is_live
    assert sync.snapshot_after_s is not None
    assert sync.snapshot_after_s > 0
    assert ids(snapshot(sync, 22)) == [22, 25]


def test_a_snapshot_that_ends_right_before_the_first_change_bridges() -> None:
    sync = started()
    sync.on_change(change(20, 25))
    assert ids(snapshot(sync, 19)) == [19, 25]


def test_a_gap_makes_the_book_stale_and_keeps_buffering() -> None:
    sync = live_at(10)
    updates = sync.on_change(change(12, 14))
    assert [type(one) for one in updates] == [BookStale]
    assert not sync.is_live
    assert sync.gaps == 1
    assert sync.on_change(change(15, 16)) == ()
    assert ids(snapshot(sync, 13)) == [13, 14, 16]


def test_a_stale_book_is_told_once() -> None:
    sync = live_at(10)
    assert len(sync.on_change(change(12, 14))) == 1
    assert sync.restart("again") == ()


def test_repeats_and_older_changes_are_ignored() -> None:
    sync = live_at(10)
    assert sync.on_change(change(4, 10)) == ()
    assert ids(sync.on_change(change(9, 12))) == [12]
    assert sync.on_change(change(11, 12)) == ()


def test_each_failed_resnapshot_waits_longer_up_to_the_cap() -> None:
    sync = live_at(10)
    sync.on_change(change(20, 21))
    waits = [sync.snapshot_after_s]
    for _ in range(8):
        snapshot(sync, 0)  # too old each time
        waits.append(sync.snapshot_after_s)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_good_bridge_forgets_the_waiting() -> None:
    sync = live_at(10)
    sync.on_change(change(20, 21))
    snapshot(sync, 0)
    snapshot(sync, 20)
    sync.on_change(change(30, 31))
    assert sync.snapshot_after_s == 0.5


def test_a_snapshot_of_an_older_epoch_never_enters_the_new_book() -> None:
    sync = started()
    old = sync.epoch
    sync.restart("reconnect")
    assert snapshot(sync, 50, epoch=old) == ()
    assert not sync.is_live


def test_nothing_buffered_survives_a_reconnect() -> None:
    sync = started()
    sync.on_change(change(5, 8))
    sync.restart("reconnect")
    sync.on_change(change(20, 25))
    assert ids(snapshot(sync, 22)) == [22, 25]


def test_a_stopped_book_asks_for_nothing_and_takes_no_snapshot_on_its_way() -> None:
    sync = live_at(10)
    epoch = sync.epoch
    assert [type(one) for one in sync.stop("connection lost")] == [BookStale]
    assert sync.snapshot_after_s is None
    assert snapshot(sync, 12, epoch=epoch) == ()
    assert not sync.is_live


def test_a_failed_fetch_is_tried_again_later() -> None:
    sync = started()
    sync.on_snapshot_failed(epoch=sync.epoch)
    assert sync.snapshot_after_s == 0.5
    sync.on_snapshot_failed(epoch=sync.epoch)
    assert sync.snapshot_after_s == 1.0


def test_a_gap_inside_the_buffer_restarts_the_buffer() -> None:
    sync = started()
    sync.on_change(change(5, 8))
    sync.on_change(change(12, 14))
    assert snapshot(sync, 7) == ()  # 9 to 11 are lost to us
    assert ids(snapshot(sync, 11)) == [11, 14]


def test_a_full_buffer_starts_over_instead_of_growing() -> None:
    sync = started(max_buffered=10)
    for number in range(1, 26):
        sync.on_change(change(number, number))
    assert snapshot(sync, 5) == ()
    assert ids(snapshot(sync, 22)) == [22, 23, 24, 25]


# --- Two connections at once ---


def test_what_one_connection_brings_too_early_waits_for_the_other() -> None:
    sync = live_at(10)
    sync.set_overlap(is_on=True)
    assert sync.on_change(change(14, 15)) == ()
    assert sync.on_change(change(16, 17)) == ()
    assert ids(sync.on_change(change(11, 13))) == [13, 15, 17]
    assert sync.on_change(change(14, 15)) == ()  # the slower one's copy
    assert sync.set_overlap(is_on=False) == ()
    assert sync.gaps == 0


def test_a_gap_that_the_other_connection_never_filled_shows_when_it_is_gone() -> None:
    sync = live_at(10)
    sync.set_overlap(is_on=True)
    sync.on_change(change(14, 15))
    sync.on_change(change(16, 17))
    assert [type(one) for one in sync.set_overlap(is_on=False)] == [BookStale]
    assert ids(snapshot(sync, 13)) == [13, 15, 17]


def test_a_book_does_not_wait_long_for_the_other_connection() -> None:
    sync = live_at(10)
    sync.set_overlap(is_on=True)
    updates = [sync.on_change(change(number, number)) for number in range(20, 41)]
    assert [type(one) for one in updates[-1]] == [BookStale]
    assert all(one == () for one in updates[:-1])


# --- Whatever is dropped, repeated or late: a live book is the right book ---

Feed = list[tuple[int, int, float, float]]


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    """Contiguous changes (first id, last id, price, size) of one side."""
    found, next_id = [], 1
    for _ in range(draw(st.integers(1, 40))):
        last = next_id + draw(st.integers(0, 3))
        found.append((next_id, last, float(draw(st.integers(1, 6))), float(draw(st.integers(0, 3)))))
        next_id = last + 1
    return found


def true_book(feed: Feed, last_id: int) -> dict[float, float]:
    """What the venue's book holds after the change that ends at `last_id`."""
    book: dict[float, float] = {}
    for _, last, price, size in feed:
        if last > last_id:
            break
        book[price] = size
    return {price: size for price, size in book.items() if size}


@settings(max_examples=150)
@given(data=st.data(), feed=feeds())
def test_a_live_book_always_equals_the_venues(data: st.DataObject, feed: Feed) -> None:
    sync, book = started(), OrderBook()
    steps = st.sampled_from(
        ["take", "take", "take", "drop", "repeat", "snapshot", "old snapshot", "reconnect"]
    )
    taken, epochs = 0, [sync.epoch]

    def note(updates: tuple[BookUpdate, ...]) -> None:
        for update in updates:
            if isinstance(update, BookSnapshot):
                book.replace(bids=update.bids, asks=update.asks, update_id=update.update_id)
            elif isinstance(update, BookDelta):
                book.apply(bids=update.bids, asks=update.asks, update_id=update.update_id)

    def fetch(last_id: int, epoch: int) -> None:
        bids = list(true_book(feed, last_id).items())
        note(sync.on_snapshot(epoch=epoch, last_id=last_id, bids=bids, asks=[]))

    while taken < len(feed):
        first, last, price, size = feed[taken]
        match data.draw(steps):
            case "take":
                taken += 1
                note(sync.on_change(change(first, last, bids=[(price, size)])))
            case "drop":
                taken += 1
            case "repeat" if taken:
                first, last, price, size = feed[taken - 1]
                note(sync.on_change(change(first, last, bids=[(price, size)])))
            case "snapshot" if taken:
                fetch(feed[taken - 1][1], sync.epoch)
            case "old snapshot" if taken:
                number = data.draw(st.integers(0, taken - 1))
                fetch(feed[number][1], data.draw(st.sampled_from(epochs)))
            case "reconnect":
                note(sync.restart("reconnect"))
                epochs.append(sync.epoch)
        if sync.is_live:
            assert book.update_id == sync.last_id
            assert book.bids == true_book(feed, sync.last_id)

"""Which orders leave memory: ended ones after two days, or when too many ended since. Part of the fold."""

from typing import Final

from veloz_tui.domain.types import Nanos
from veloz_tui.engine.state import HOLD_NEVER_ARRIVED, KEEP_ENDED, MAX_ENDED, State, venue_key

_RENEW_EVERY: Final = 4_000
"""Orders and denials; a renewal takes 1 to 2 ms."""


def forget_old(s: State, at: Nanos) -> None:
    """Let go of what ended long before `at`."""
    while s.held:
        first = next(iter(s.held))
        if at - s.held[first] < HOLD_NEVER_ARRIVED:
            break
        s.ended[first] = s.held.pop(first)
    if s.counter % _RENEW_EVERY == 0:
        # A dict finds its first key by walking over all that was deleted before it (measured: 9 of the
        # 33 us that such an event takes). A new one has no such past.
        s.ended = dict(s.ended.items())
    while s.ended:
        first = next(iter(s.ended))
        if at - s.ended[first] < KEEP_ENDED and len(s.ended) <= MAX_ENDED:
            break
        s.forgotten_until = max(s.forgotten_until, s.ended.pop(first))
        order = s.orders.pop(first)
        s.awaiting_fills.pop(first, None)
        if order.venue_order_id is not None:
            s.by_venue_id.pop(venue_key(order.instrument_id, order.venue_order_id), None)

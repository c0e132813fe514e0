"""How many new connections one address may open in a sliding window (Binance: 300 in 5 minutes). Pure."""

from collections import deque


class ConnectBudget:
    """Shared by every stream to one venue, so that a reconnect storm can't earn an IP ban."""

    __slots__ = ("_closed_until_s", "_limit", "_opened_at_s", "_window_s")

    def __init__(self, *, limit: int, window_s: float) -> None:
        if limit < 1:
            raise ValueError("a connect budget needs room for one connection")
        self._limit = limit
        self._window_s = window_s
        self._opened_at_s: deque[float] = deque(maxlen=limit)
        self._closed_until_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """How long until one more connection is allowed; 0 = now."""
        closed_s = max(0.0, self._closed_until_s - now_s)
        if len(self._opened_at_s) < self._limit:
            return closed_s
        return max(closed_s, self._opened_at_s[0] + self._window_s - now_s)

    def spend(self, now_s: float) -> None:
        """Count a connection attempt; the venue counts failed ones too."""
        self._opened_at_s.append(now_s)

    def close_until(self, until_s: float) -> None:
        """The venue has banned this address until then."""
        self._closed_until_s = max(self._closed_until_s, until_s)

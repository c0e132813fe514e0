"""Counters that never repeat a number, not after a kill either.

Each counter reserves a block of numbers in the store before it hands out the first one, so nothing is written
for the others. A restart continues at the end of the reserved block: numbers are lost, never reused.
"""

from __future__ import annotations

from collections.abc import Callable

BLOCK = 10_000


class IdSource:
    """Named counters. `reserve(name, limit)` must be durable when it returns."""

    def __init__(self, reserved: dict[str, int], reserve: Callable[[str, int], None]) -> None:
        self._next = dict(reserved)
        self._limits = dict(reserved)
        self._reserve = reserve

    def next(self, name: str, *, first: int = 1) -> int:
        value = self._next.get(name, first)
        self.advance(name, value)
        return value

    def advance(self, name: str, value: int) -> None:
        """Note that `value` is in use; the next one is above it."""
        self._next[name] = value + 1
        if value >= self._limits.get(name, 0):
            self._limits[name] = value + BLOCK
            self._reserve(name, value + BLOCK)

    def start(self, name: str, *, first: int = 1) -> int:
        """Where the counter stands, without taking a number."""
        return self._next.get(name, first)

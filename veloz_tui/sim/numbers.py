"""Decimal text as the venue writes and accepts it."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

ZERO = Decimal(0)
SMALLEST = Decimal("0.00000001")


def text(value: Decimal) -> str:
    """Format as the venue does: plain digits, eight of them after the point."""
    return f"{value:.8f}"


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Round down to a multiple of `step`."""
    return (value // step) * step


def truncate(value: Decimal) -> Decimal:
    """Cut to the eight digits an asset amount has."""
    return value.quantize(SMALLEST, rounding=ROUND_DOWN)

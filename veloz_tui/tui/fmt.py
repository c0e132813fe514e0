"""Numbers, ages and times as the console writes them: exact, signed where it matters, never clipped."""

import unicodedata
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, set_cell_size

UNKNOWN: Final = "-"
ZERO_SIZE: Final = "·"
_MAX_TEXT: Final = 4096
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_NANOS: Final = 1_000_000_000
_NEAR: Final = 20
"""A shortened size is within a twentieth of the true one."""


@lru_cache(maxsize=256)
def decimals_of(step: Decimal) -> int:
    """Decimals a price needs so that each multiple of `step` (a tick or a lot) is shown exactly."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def number(value: Decimal | None, decimals: int | None = None) -> str:
    """Thousands comma and fixed decimals (None: as many as the value has); `-` for unknown."""
    if value is None or not value.is_finite():
        return UNKNOWN
    if decimals is not None:
        value = _rounded(value, decimals)
    return f"{value:,f}"


def compact(value: Decimal | None) -> str:
    """As many decimals as the value needs, no zeros behind them: `0.06556`, `1,500`."""
    return number(value if value is None else value.normalize())


def quantity(value: Decimal | None, decimals: int | None = None) -> str:
    """As `number`, but a zero size is a dot: an empty level must not look like a price."""
    if value is not None and value == 0:
        return ZERO_SIZE
    return number(value, decimals)


def signed(value: Decimal | None, decimals: int = 2) -> str:
    """PnL: always with its sign (ASCII), except an exact zero; `-` for unknown."""
    if value is None or not value.is_finite():
        return UNKNOWN
    shown = _rounded(value, decimals)
    return f"{shown:+,f}" if shown else f"{abs(shown):,f}"


def percent(value: Decimal | None) -> str:
    """One decimal; the value is already in percent."""
    return UNKNOWN if value is None or not value.is_finite() else f"{_rounded(value, 1):,f}%"


def signed_percent(value: Decimal | None) -> str:
    """A change in percent, two decimals and its sign: `+1.24%`."""
    return UNKNOWN if value is None or not value.is_finite() else f"{signed(value)}%"


def basis_points(value: Decimal | None) -> str:
    """Whole from 10 up, two decimals below."""
    if value is None or not value.is_finite():
        return UNKNOWN
    shown = _rounded(value, 0 if abs(value) >= 10 else 2)
    return f"{shown:,f}"


def short_quantity(value: Decimal | None, decimals: int, width: int) -> str:
    """A size for the ladder: exact if it fits, else rounded, `12.3k`, `4.5M`; `####` if it can't be told."""
    text = quantity(value, decimals)
    if value and value.is_finite() and not _rounded(value, decimals):
        text = f"<{Decimal(1).scaleb(-decimals):f}".replace("0.", ".")  # something, but less than a digit
        return text if len(text) <= width else "#" * width
    if len(text) <= width or value is None:
        return text
    for power, suffix in enumerate(("", "k", "M", "G")):
        scaled = value / Decimal(1000) ** power
        if power and abs(scaled) < 1:
            break
        for digits in range(decimals if not power else 1, -1, -1):
            shown = _rounded(scaled, digits)
            is_near = abs(shown - scaled) * _NEAR <= abs(scaled)
            if is_near and len(f"{shown:f}{suffix}") <= width and abs(shown) < 1000:
                return f"{shown:f}{suffix}"
    return "#" * width


def short_amount(value: Decimal | None) -> str:
    """An amount of public turnover: `950`, `12.3k`, `4.5M`."""
    if value is None or not value.is_finite():
        return UNKNOWN
    for power, suffix in ((9, "G"), (6, "M"), (3, "k")):
        scaled = _rounded(value.scaleb(-power), 1)
        if abs(scaled) >= 1:
            return f"{scaled:,f}{suffix}"
    return number(value, 0)


def age(seconds: float | None) -> str:
    """`3s`, `4m`, `2h`, `3d`; whole units, rounded down."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    for limit, unit, suffix in ((_MINUTE, 1, "s"), (_HOUR, _MINUTE, "m"), (_DAY, _HOUR, "h")):
        if whole < limit:
            return f"{whole // unit}{suffix}"
    return f"{whole // _DAY}d"


def milliseconds(value: float | None, *, unit: bool = False) -> str:
    """A round trip or an age: `12` (`12ms` with its unit), from a second up `1.2s`, from a minute `4m`."""
    if value is None:
        return UNKNOWN
    if value >= _MINUTE * 1000:
        return age(value / 1000)
    return f"{value:.0f}{'ms' if unit else ''}" if value < 999.5 else f"{value / 1000:.1f}s"


def clock(nanos: int, *, seconds: bool = True) -> str:
    """UTC time of day with its Z."""
    moment = datetime.fromtimestamp(nanos / _NANOS, UTC)
    return moment.strftime("%H:%M:%SZ" if seconds else "%H:%MZ")


def timestamp(nanos: int) -> str:
    """UTC date and time: `2026-11-22T12:00:01Z`."""
    return datetime.fromtimestamp(nanos / _NANOS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fit_number(text: str, width: int) -> str:
    """Right-aligned; a number that doesn't fit becomes `####`, never a shorter number."""
    return text.rjust(width) if len(text) <= width else "#" * width


def fit_text(text: str, width: int) -> str:
    """Left-aligned words, measured in cells; cut with a `~` if too long."""
    if width <= 0:
        return ""
    if text.isascii():
        return text.ljust(width) if len(text) <= width else text[: width - 1] + "~"
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "~"


def fit_words(text: str, width: int) -> str:
    """As `fit_text`, but cut between words: no number in the text loses its end."""
    if cell_len(text) <= width:
        return fit_text(text, width)
    at = text.rfind(" ", 0, width)
    return fit_text(f"{text[:at].rstrip(' ,;:')}~" if at > 0 else "~", width)


def clean(text: str) -> str:
    """Strip what could move the cursor, reorder or hide text: controls, bidi overrides, zero-width marks."""
    if text.isascii() and text.isprintable():
        return text[:_MAX_TEXT]
    kept = (" " if char in "\t\n\r" else char for char in text[:_MAX_TEXT])
    return "".join(char for char in kept if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"})


@lru_cache(maxsize=8192)
def _rounded(value: Decimal, decimals: int) -> Decimal:
    shown = (
        round(value, decimals)
        if value.adjusted() > 20
        else value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    )
    return shown if shown else abs(shown)  # never "-0.00"

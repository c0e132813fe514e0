"""One callback's intents on their way to the engine: what a later one outdates is left out, few at a time."""

from collections.abc import Iterator, Sequence
from typing import Final

from veloz_tui.domain.intents import QuoteIntent
from veloz_tui.strategy.base import Intent

AT_ONCE: Final = 8
"""Market data waits for the engine to look at so many."""


def without_outdated(intents: Sequence[Intent]) -> tuple[Intent, ...]:
    """Of several quotes on one instrument only the last is wanted."""
    quotes = [intent.instrument_id for intent in intents if isinstance(intent, QuoteIntent)]
    if len(quotes) == len(set(quotes)):
        return tuple(intents)
    last = {intent.instrument_id: at for at, intent in enumerate(intents) if isinstance(intent, QuoteIntent)}
    return tuple(
        intent
        for at, intent in enumerate(intents)
        if not isinstance(intent, QuoteIntent) or last[intent.instrument_id] == at
    )


def parts(intents: tuple[Intent, ...]) -> Iterator[tuple[Intent, ...]]:
    """Cut them into portions, in order; one empty portion of none."""
    for at in range(0, max(len(intents), 1), AT_ONCE):
        yield intents[at : at + AT_ONCE]

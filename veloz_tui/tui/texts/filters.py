"""Filters and sorts."""

from collections.abc import Iterable, Sequence

TYPED_TOO_FAST = "Faster than people type: Enter once more ends the filter, Esc drops it"
NONE_YET = "No filter here: / sets one"
NO_MATCH = "Nothing matches the filter; Esc clears it"
AROUND = "around the end"
OFF = "Filter off: all rows"
SORT_REVERSED = "reversed"
HELP = "words AND  side:sell  st:dbt  by:mm-1  ven:bin  age>10m  -eth     Enter keeps, Esc clears"


def keys(fields: Iterable[str]) -> str:
    """Under the filter that is being typed; the pane's title counts."""
    return f"Enter keeps, Esc clears   here: {' '.join(sorted(fields))}"


def unknown_word(word: str, fields: Sequence[str]) -> str:
    """A field which the pane's rows don't have, or an age nobody can read."""
    return f"{word} means nothing here: {' '.join(fields)} (age>10m, by:mm-1, by:mm*)"


def unfinished(word: str) -> str:
    """A field without a value."""
    return f"{word} what?"


def too_long(terms: int) -> str:
    """More words than anybody means."""
    return f"at most {terms} words in a filter"


def no_filter(pane: str) -> str:
    """The ladder's rows are prices."""
    return f"{pane} has nothing to filter or sort: 5 then / filters orders"


def nothing_matches(every: int) -> str:
    """In place of the rows."""
    return f"nothing matches; {every} hidden: Esc clears the filter"


def sorted_by(column: str) -> str:
    """After o."""
    return f"sorted by {column}; O reverses" if column else "the pane's own order"

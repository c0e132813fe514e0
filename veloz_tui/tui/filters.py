"""The filter's language: words AND; `side:sell st:dbt by:mm-1 ven:bin age>10m -eth`.

A field's value is exact (`by:mm-1` isn't mm-10), unless it ends in `*`; a word is found anywhere in a row.
"""

import re
from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from veloz_tui.tui import texts

MAX_TERMS: Final = 20
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_AGE: Final = re.compile(r"age([<>])(\d{1,9}(?:\.\d{1,3})?)([smhd]?)")
_FIELD: Final = re.compile(r"([a-z]+):(.*)")


class Rank(NamedTuple):
    """A row's place in a sort: numbers or words, what is unknown last in both directions."""

    is_unknown: bool
    number: Decimal = Decimal(0)
    word: str = ""


def number_rank(value: Decimal | None) -> Rank:
    """The place of a number."""
    return Rank(is_unknown=True) if value is None else Rank(is_unknown=False, number=value)


class Facts(msgspec.Struct, frozen=True):
    """What a filter and a sort may ask of a row, shown or not."""

    words: str
    fields: Mapping[str, Set[str]]
    """Lower case; every way to write the value."""
    ranks: Mapping[str, Rank]
    age_s: float | None = None
    is_urgent: bool = False
    """Stays on top, whatever the sort."""


class _Term(msgspec.Struct, frozen=True):
    text: str
    field: str = ""
    sign: str = ""
    seconds: float = 0.0
    is_negative: bool = False

    def fits(self, row: Facts) -> bool:
        return self._holds(row) is not self.is_negative

    def _holds(self, row: Facts) -> bool:
        if self.sign:
            return row.age_s is not None and (
                row.age_s > self.seconds if self.sign == ">" else row.age_s < self.seconds
            )
        if not self.field:
            return self.text in row.words
        values = row.fields.get(self.field, frozenset())
        if self.text.endswith("*"):
            return any(value.startswith(self.text[:-1]) for value in values)
        return self.text in values


class Filter(msgspec.Struct, frozen=True):
    """A parsed filter; `text` is how it was written."""

    text: str
    terms: tuple[_Term, ...]

    def fits(self, row: Facts) -> bool:
        """True if every term does."""
        return all(term.fits(row) for term in self.terms)


class FilterError(msgspec.Struct, frozen=True):
    """Why a text is no filter, for the operator."""

    text: str


def parse(text: str, fields: Set[str]) -> Filter | FilterError:
    """The filter of a text; `fields` are those which the pane has (`age` among them if rows have one)."""
    words = text.lower().split()
    if len(words) > MAX_TERMS:
        return FilterError(texts.filters.too_long(MAX_TERMS))
    terms = []
    for word in words:
        term = _term(word, fields)
        if isinstance(term, FilterError):
            return term
        terms.append(term)
    return Filter(" ".join(words), tuple(terms))


def _term(word: str, fields: Set[str]) -> _Term | FilterError:
    is_negative, body = word.startswith("-") and len(word) > 1, word
    if is_negative:
        body = word[1:]
    age = _AGE.fullmatch(body)
    if age is not None and "age" in fields:
        seconds = float(age[2]) * _SECONDS[age[3] or "s"]
        return _Term(body, sign=age[1], seconds=seconds, is_negative=is_negative)
    named = _FIELD.fullmatch(body)
    if body.startswith(("age<", "age>", "age:")) or (named is not None and named[1] not in fields):
        return FilterError(texts.filters.unknown_word(body, sorted(fields)))
    if named is not None and not named[2]:
        return FilterError(texts.filters.unfinished(body))
    if named is not None:
        return _Term(named[2], field=named[1], is_negative=is_negative)
    return _Term(body, is_negative=is_negative)

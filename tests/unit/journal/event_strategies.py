"""Hypothesis strategies for every kind of event, made from the types of their fields."""

from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, NewType, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from veloz_tui.domain.events import AnyEvent

KINDS: tuple[type[msgspec.Struct], ...] = get_args(AnyEvent)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_LEAVES: dict[object, st.SearchStrategy[Any]] = {
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    str: _TEXT,
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


def values_of(kind: object) -> st.SearchStrategy[Any]:
    if kind in _LEAVES:
        return _LEAVES[kind]
    if isinstance(kind, NewType):
        return values_of(kind.__supertype__)
    if get_origin(kind) in (Union, UnionType):
        return st.one_of([values_of(part) for part in get_args(kind)])
    if get_origin(kind) is dict:
        keys, content = get_args(kind)
        return st.dictionaries(values_of(keys), values_of(content), max_size=4)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.builds(
            kind, **{field.name: values_of(field.type) for field in msgspec.structs.fields(kind)}
        )
    raise TypeError(f"no strategy for {kind}")


events: st.SearchStrategy[AnyEvent] = st.one_of([values_of(kind) for kind in KINDS])

"""What a strategy's Params struct declares: described for people, and its bounds enforced.

A field says what its type can't with `Setting`, and what it is for in the text under it:

    size: Annotated[Decimal, Setting(above=0, unit="BTC")] = Decimal("0.01")
    \"\"\"Of each order.\"\"\"
"""

import ast
import inspect
import math
import textwrap
import types
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Annotated, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from veloz_tui.domain.parameters import Parameter

MAX_TEXT: Final = 300
MAX_EXPONENT: Final = 30
"""No price or quantity on earth needs more; 1E+999999999 written out would take all memory."""
_WORDS: Final = {
    Decimal: "number",
    float: "number",
    int: "whole number",
    bool: "yes or no",
    str: "text",
    types.NoneType: "null",
}
Number = int | float | Decimal


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What is allowed for one parameter, and its unit. Bounds are checked whenever it is set."""

    above: Number | None = None
    at_least: Number | None = None
    below: Number | None = None
    at_most: Number | None = None
    unit: str = ""
    is_fixed: bool = False
    """A running strategy can't take another value."""

    @property
    def text(self) -> str:
        """The bounds in words."""
        said = (
            ("above", self.above),
            ("at least", self.at_least),
            ("below", self.below),
            ("at most", self.at_most),
        )
        return ", ".join(f"{word} {number}" for word, number in said if number is not None)

    def allows(self, value: Number) -> bool:
        return is_sane(value) and not (
            (self.above is not None and value <= self.above)
            or (self.at_least is not None and value < self.at_least)
            or (self.below is not None and value >= self.below)
            or (self.at_most is not None and value > self.at_most)
        )


def is_sane(value: object) -> bool:
    """Whether a number is finite and of a size to reckon with; anything else is."""
    if isinstance(value, Decimal):
        return value.is_finite() and (not value or abs(value.adjusted()) <= MAX_EXPONENT)
    return not isinstance(value, float) or math.isfinite(value)


_ANYTHING: Final = Setting()


def check_bounds(params: msgspec.Struct) -> None:
    """Raise ValueError for a number outside of what its field declares."""
    for name, setting in _settings(type(params)):
        value = getattr(params, name)
        if isinstance(value, int | float | Decimal) and not setting.allows(value):
            raise ValueError(f"{name} must be {setting.text}, not {text_of(value)}")


def fixed_changes(old: msgspec.Struct, new: msgspec.Struct) -> list[str]:
    """Return the parameters that differ and that a running strategy can't take."""
    names = [name for name, setting in _settings(type(new)) if setting.is_fixed]
    return [name for name in names if getattr(old, name, None) != getattr(new, name)]


def describe_params(params: msgspec.Struct) -> tuple[Parameter, ...]:
    """Return every parameter of a decoded Params."""
    kind = type(params)
    hints = get_type_hints(kind, include_extras=True)
    meanings = _meanings(kind)
    return tuple(
        _described(field, hints[field.name], getattr(params, field.name), meanings.get(field.name, ""))
        for field in msgspec.structs.fields(kind)
    )


def allowed(kind: type[msgspec.Struct], name: str) -> str:
    """Return what a parameter may be: `number, above 0`; empty for one that isn't there."""
    hint = get_type_hints(kind, include_extras=True).get(name)
    if hint is None:
        return ""
    setting = next(iter(_of(hint)), _ANYTHING)
    return ", ".join(part for part in (_kind(hint), setting.text) if part)


def text_of(value: object) -> str:
    """A value as it can be typed again."""
    match value:
        case Enum():
            return str(value.value)
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"[:MAX_TEXT] if is_sane(value) else str(value)[:MAX_TEXT]
        case None:
            return "null"
        case str() | int() | float():
            return str(value)[:MAX_TEXT]
        case _:
            return msgspec.json.encode(value, enc_hook=str).decode()[:MAX_TEXT]


def _described(field: msgspec.structs.FieldInfo, hint: object, value: object, meaning: str) -> Parameter:
    setting = next(iter(_of(hint)), _ANYTHING)
    return Parameter(
        name=field.encode_name,
        value=text_of(value),
        default=_default(field),
        kind=_kind(hint),
        bounds=setting.text,
        unit=setting.unit[:20],
        meaning=meaning[:MAX_TEXT],
        is_fixed=setting.is_fixed,
    )


def _default(field: msgspec.structs.FieldInfo) -> str | None:
    if field.default is not msgspec.NODEFAULT:
        return text_of(field.default)
    if field.default_factory is not msgspec.NODEFAULT:
        return text_of(field.default_factory())
    return None


def _settings(kind: type[msgspec.Struct]) -> Iterator[tuple[str, Setting]]:
    for name, hint in get_type_hints(kind, include_extras=True).items():
        for setting in _of(hint):
            yield name, setting


def _of(hint: object) -> Iterable[Setting]:
    # Also within `Annotated[…] | None`.
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Setting):
            yield extra
    for part in get_args(hint) if get_origin(hint) in (Union, types.UnionType) else ():
        yield from _of(part)


def _kind(hint: object) -> str:
    origin = get_origin(hint)
    if origin is Annotated:
        return _kind(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in get_args(hint))
    if origin is Literal:
        return " | ".join(map(str, get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " | ".join(str(each.value) for each in hint)
    return _WORDS.get(hint, "JSON") if isinstance(hint, type) else "JSON"


def _meanings(kind: type) -> dict[str, str]:
    # The text literals under the fields, as documentation tools read them.
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}
    found: dict[str, str] = {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, under in pairwise(body):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant):
            found[field.target.id] = " ".join(str(under.value.value).split())
    return found

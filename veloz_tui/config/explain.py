"""pydantic's errors in plain words, with the file's line and a guess at what was meant."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, TypeGuard, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from veloz_tui.config.fields import REFUSED
from veloz_tui.config.model import SettingsModel
from veloz_tui.config.origin import Origin
from veloz_tui.config.problem import Problem

LONGEST_SHOWN = 60

EXPECTED = {
    "bool": "true or false",
    "dict": "a table",
    "finite_number": "an ordinary number",
    "float": "a number",
    "int": "a whole number, without quotes",
    "invalid-json-value": "a text, a number, true, false, a list or a table",
    "model": "a table",
    "string": "a text in quotes",
    "tuple": 'a list, for example ["a", "b"]',
}
COMPARED = {"greater_than": "more than", "greater_than_equal": "at least", "less_than": "less than"} | {
    "less_than_equal": "at most"
}
SIZES = {"too_short": "at least", "too_long": "at most"}
# Words that mean somebody is about to put a key into a file that is not made for it.
SECRET_WORDS = ("secret", "password", "passphrase", "api_key", "apikey", "private_key", "token")


def explain(errors: Sequence[ErrorDetails], origin: Origin) -> Iterator[Problem]:
    """Turn pydantic's errors into problems, in the order of the settings."""
    for error in errors:
        path = tuple(str(part) for part in error["loc"] if part != "[key]")
        where = origin.where(path)
        name = ".".join(path)
        if error["type"] == "extra_forbidden":
            yield _unknown(path, where)
        elif error["type"] == REFUSED:
            context = error["ctx"]
            yield Problem(f"{name}: {context['what']}", where, context["remedy"])
        elif error["type"] == "missing":
            yield Problem(f"{name} is missing", where, f"add a line: {path[-1]} = …")
        else:
            yield _wrong_value(name, error, where)


def _unknown(path: tuple[str, ...], where: str) -> Problem:
    what = f"unknown setting {'.'.join(path)}"
    if any(word in path[-1].lower() for word in SECRET_WORDS):
        remedy = "remove it and change that key at the venue; keys are kept by: veloz keys add NAME"
        return Problem(f"{what}: keys don't belong in this file", where, remedy)
    close = difflib.get_close_matches(path[-1], known_names(path[:-1]), n=1)
    if close:
        return Problem(what, where, f"did you mean {close[0]}?")
    elsewhere = [".".join(place) for place in _places_of(path[-1])]
    if elsewhere:
        return Problem(what, where, f"did you mean {' or '.join(elsewhere)}?")
    return Problem(what, where, f"remove it, or use one of: {', '.join(sorted(known_names(path[:-1])))}")


def _wrong_value(name: str, error: ErrorDetails, where: str) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    what = f"{name} = {_shown(error['input'])}"
    if kind in COMPARED:
        bound = next(context[key] for key in ("gt", "ge", "lt", "le") if key in context)
        return Problem(f"{what} is out of range", where, f"write {COMPARED[kind]} {bound}")
    if kind in {"literal_error", "enum"}:
        return _not_one_of(what, str(context["expected"]), error["input"], where)
    if kind in {"too_short", "too_long"}:
        bound = context["min_length"] if kind == "too_short" else context["max_length"]
        return Problem(f"{what}: {context['actual_length']} entries", where, f"write {SIZES[kind]} {bound}")
    if kind == "string_pattern_mismatch":
        return Problem(f"{what} has characters that can't be used", where, f"match {context['pattern']}")
    expected = EXPECTED.get(kind) or EXPECTED.get(kind.split("_", 1)[0])
    return Problem(f"{what} can't be used", where, f"expected {expected or error['msg'].lower()}")


def _not_one_of(what: str, expected: str, given: object, where: str) -> Problem:
    allowed = expected.replace(" or ", ", ").replace("'", "").split(", ")
    close = difflib.get_close_matches(str(given), allowed, n=1)
    choice = " | ".join(allowed)
    return Problem(
        f"{what} is not a choice", where, f"{f'did you mean {close[0]}? ' if close else ''}{choice}"
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def known_names(path: Sequence[str]) -> list[str]:
    """List the settings that a table may have."""
    model: object = SettingsModel
    for part in path:
        field = _fields(model).get(part)
        model = _step(field) if field is not None else _step(model)
    return list(_fields(model))


def _places_of(name: str) -> Iterator[tuple[str, ...]]:
    # The other tables that have a setting of this name.
    for section, annotation in _fields(SettingsModel).items():
        fields = _fields(annotation)
        if name in fields:
            yield section, name
        yield from ((section, inner, name) for inner in fields if name in _fields(fields[inner]))


def _fields(annotation: object) -> Mapping[str, object]:
    model = _model_in(annotation)
    if model is None:
        return {}
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _step(annotation: object) -> object:
    # Into a table of tables: [strategies.NAME], [risk.instruments.NAME].
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    return annotation


def _model_in(annotation: object) -> type[BaseModel] | None:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    choices = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((choice for choice in choices if _is_model(choice)), None)


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)

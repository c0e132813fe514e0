"""Finds a strategy's class, in the library or in a file of the profile's strategies folder, and builds it.

Whatever is wrong ends as one StrategyError that says where and what to do, never as a traceback.
"""

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final, get_type_hints

import msgspec

from veloz_tui.domain.errors import StrategyError
from veloz_tui.strategy.base import Strategy
from veloz_tui.strategy.parameters import allowed, check_bounds, is_sane, text_of
from veloz_tui.strategy.runner import describe

LIBRARY: Final = ("market_maker", "twap", "grid", "momentum")


def load(source: str, *, folder: Path | None, params_json: bytes) -> Strategy:
    """Return a new strategy: `source` is `market_maker`, `mine.py` or `mine.py:Mine`."""
    return build(find_class(source, folder=folder), source=source, params_json=params_json)


def find_class(source: str, *, folder: Path | None) -> type[Strategy]:
    """Return the class that `source` names. The file's code runs."""
    file_name, _, class_name = source.partition(":")
    if file_name in LIBRARY:
        module = importlib.import_module(f"veloz_tui.strategy.library.{file_name}")
    elif file_name.endswith(".py"):
        module = _run_file(file_name, folder=folder)
    else:
        raise StrategyError(
            f"no strategy named {source}{_did_you_mean(file_name, LIBRARY)}: "
            f"the library has {', '.join(LIBRARY)}; your own is named by its file, {file_name or 'mine'}.py"
        )
    return _pick(module, class_name=class_name, file_name=file_name)


def build(kind: type[Strategy], *, source: str, params_json: bytes) -> Strategy:
    """Decode the parameters and call the class."""
    return construct(kind, decode_params(kind, source=source, params_json=params_json), source=source)


def decode_params(kind: type[Strategy], *, source: str, params_json: bytes) -> msgspec.Struct | None:
    """Decode and check the parameters; None for a class that takes none."""
    params_type = _params_type(kind)
    try:
        if params_type is None:
            _refuse_unknown(source, given=_given(params_json), fields=())
            return None
        _refuse_unknown(source, given=_given(params_json), fields=params_type.__struct_encode_fields__)
        params = msgspec.json.decode(params_json, type=params_type, strict=False)
    except msgspec.DecodeError as error:  # of which ValidationError is one
        text = _field_first(str(error))
        what = allowed(params_type, text.partition(":")[0]) if params_type is not None else ""
        hint = f"; it takes: {what}" if what else ""
        raise StrategyError(f"{source}: parameter {text}{hint}") from None
    except StrategyError:
        raise
    except Exception as error:  # noqa: BLE001 - its own __post_init__: whatever that raises is a no
        raise StrategyError(f"{source}: parameters: {type(error).__name__}: {error}") from None
    _refuse_nan(source, params)
    try:
        check_bounds(params)
    except ValueError as error:
        raise StrategyError(f"{source}: parameter {error}") from None
    return params


def _run_file(file_name: str, *, folder: Path | None) -> ModuleType:
    path = _path_of(file_name, folder=folder)
    name = f"veloz_user_strategy_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # it ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # get_type_hints looks there
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise StrategyError(f"{Path(error.filename or file_name).name}:{error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  the boundary of foreign code
        raise StrategyError(describe(error, where="import", source=str(path))) from None
    return module


def _path_of(file_name: str, *, folder: Path | None) -> Path:
    if folder is None:
        raise StrategyError(f"{file_name}: this profile has no strategies folder")
    path = folder / file_name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StrategyError(f"{file_name} is outside of the strategies folder {folder}: move it there")
    if not path.is_file():
        files = sorted(file.name for file in folder.glob("*.py")) if folder.is_dir() else []
        hint = _did_you_mean(file_name, files)
        raise StrategyError(
            f"no file {file_name} in {folder}{hint}; it has {', '.join(files[:10]) or 'none'}"
        )
    return path


def _pick(module: ModuleType, *, class_name: str, file_name: str) -> type[Strategy]:
    kinds = {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Strategy) and kind.__module__ == module.__name__
    }
    names = ", ".join(kinds) or "none"
    if class_name:
        if class_name not in kinds:
            hint = _did_you_mean(class_name, kinds)
            raise StrategyError(f"{file_name} has no Strategy subclass {class_name}{hint}; it has {names}")
        return kinds[class_name]
    if len(kinds) == 1:
        return next(iter(kinds.values()))
    if not kinds:
        raise StrategyError(f"{file_name} has no Strategy subclass: write `class Mine(Strategy):`")
    raise StrategyError(f"{file_name} has {len(kinds)} strategies: name one, {file_name}:{next(iter(kinds))}")


def _params_type(kind: type[Strategy]) -> type[msgspec.Struct] | None:
    if kind.__init__ is object.__init__:
        return None
    try:
        hints = get_type_hints(kind.__init__)
    except NameError as error:
        raise StrategyError(f"{kind.__name__}.__init__: the annotation {error.name} is not defined") from None
    hints.pop("return", None)
    params = next(iter(hints.values()), None)
    if len(hints) == 1 and isinstance(params, type) and issubclass(params, msgspec.Struct):
        return params
    raise StrategyError(
        f"{kind.__name__}.__init__ must take one argument: `params: Params`, Params a msgspec.Struct"
    )


def _given(params_json: bytes) -> Iterable[str]:
    return msgspec.json.decode(params_json, type=dict[str, msgspec.Raw])


def _refuse_unknown(source: str, *, given: Iterable[str], fields: tuple[str, ...]) -> None:
    for name in given:
        if name not in fields:
            known = ", ".join(fields) or "no parameters"
            raise StrategyError(f"{source}: no parameter {name}{_did_you_mean(name, fields)}; it has {known}")


def _refuse_nan(source: str, params: msgspec.Struct) -> None:
    for name, value in msgspec.structs.asdict(params).items():
        if not is_sane(value):
            raise StrategyError(f"{source}: parameter {name}: {text_of(value)} is not a number to trade with")


def construct(kind: type[Strategy], params: msgspec.Struct | None, *, source: str) -> Strategy:
    """Call the class with its decoded parameters."""
    if params is None:
        return kind()
    file_name = sys.modules[kind.__module__].__file__ or ""
    try:
        return kind(params)  # type: ignore[call-arg]  # a user's __init__, checked by _params_type
    except (Exception, SystemExit) as error:  # noqa: BLE001  the boundary of foreign code
        raise StrategyError(f"{source}: {describe(error, where='__init__', source=file_name)}") from None


def _field_first(text: str) -> str:
    # msgspec: "Expected `int`, got `str` - at `$.size`" -> "size: expected `int`, got `str`"
    what, at, field = text.partition(" - at `$.")
    what = what[:1].lower() + what[1:]
    return f"{field.rstrip('`')}: {what}" if at else what


def _did_you_mean(word: str, words: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  rarely needed: a host starts without it

    close = get_close_matches(word, list(words), n=1)
    return f" (did you mean {close[0]}?)" if close else ""

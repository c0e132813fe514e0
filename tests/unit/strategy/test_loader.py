"""Every mistake in naming, writing or setting up a strategy ends as one line that says what to do."""

import textwrap
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from veloz_tui.domain.errors import StrategyError
from veloz_tui.strategy.library.market_maker import MarketMaker
from veloz_tui.strategy.library.twap import Twap
from veloz_tui.strategy.loader import find_class, load

GOOD = """
from __future__ import annotations
from decimal import Decimal
import msgspec
from veloz_tui.strategy.base import Strategy

class Params(msgspec.Struct, frozen=True):
    size: Decimal
    share: float = 0.5
    count: int = 3

class Mine(Strategy):
    def __init__(self, params: Params) -> None:
        self.params = params
"""


def write(folder: Path, code: str, name: str = "mine.py") -> Path:
    (folder / name).write_text(textwrap.dedent(code).lstrip("\n"))
    return folder


def error(source: str, folder: Path | None, params: bytes = b"{}") -> str:
    with pytest.raises(StrategyError) as caught:
        load(source, folder=folder, params_json=params)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_library_strategy_is_found_by_its_name() -> None:
    assert find_class("market_maker", folder=None) is MarketMaker
    assert find_class("twap", folder=None) is Twap
    assert find_class("twap:Twap", folder=None) is Twap


@pytest.mark.parametrize("source", ["mine.py", "mine.py:Mine"])
def test_an_own_file_is_loaded_with_its_parameters(tmp_path: Path, source: str) -> None:
    strategy = load(source, folder=write(tmp_path, GOOD), params_json=b'{"size": 0.1, "count": "4"}')
    params = strategy.params  # type: ignore[attr-defined]
    assert params.size == Decimal("0.1")  # the JSON text, never the float
    assert (params.share, params.count) == (0.5, 4)


def test_a_strategy_without_parameters_needs_no_init(tmp_path: Path) -> None:
    write(tmp_path, "from veloz_tui.strategy.base import Strategy\nclass Mine(Strategy):\n    pass\n")
    assert type(load("mine.py", folder=tmp_path, params_json=b"{}")).__name__ == "Mine"
    assert error("mine.py", tmp_path, b'{"size": 1}') == "mine.py: no parameter size; it has no parameters"


def test_an_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    assert "no strategy named market_makr (did you mean market_maker?)" in error("market_makr", tmp_path)


def test_a_missing_file_suggests_the_nearest(tmp_path: Path) -> None:
    text = error("mien.py", write(tmp_path, GOOD))
    assert text == f"no file mien.py in {tmp_path} (did you mean mine.py?); it has mine.py"


def test_a_profile_without_the_folder_says_so(tmp_path: Path) -> None:
    assert error("mine.py", None) == "mine.py: this profile has no strategies folder"
    assert "it has none" in error("mine.py", tmp_path / "absent")


def test_a_file_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    write(tmp_path, GOOD)
    assert "outside of the strategies folder" in error("../mine.py", folder)
    (folder / "link.py").symlink_to(tmp_path / "mine.py")
    assert "outside of the strategies folder" in error("link.py", folder)


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    assert error("mine.py", write(tmp_path, "x = 1\ndef broken(:\n")) == "mine.py:2: invalid syntax"


def test_an_error_while_importing_names_file_and_line(tmp_path: Path) -> None:
    assert error("mine.py", write(tmp_path, "x = 1\nimport nonesuch\n")) == (
        "mine.py:2 in import: ModuleNotFoundError: No module named 'nonesuch'"
    )
    assert error("mine.py", write(tmp_path, "raise SystemExit\n")) == "mine.py:1 in import: SystemExit"


def test_a_file_without_a_strategy_says_what_to_write(tmp_path: Path) -> None:
    text = error("mine.py", write(tmp_path, "from veloz_tui.strategy.base import Strategy\n"))
    assert text == "mine.py has no Strategy subclass: write `class Mine(Strategy):`"


def test_a_wrong_class_name_suggests_the_nearest(tmp_path: Path) -> None:
    text = error("mine.py:Mien", write(tmp_path, GOOD))
    assert text == "mine.py has no Strategy subclass Mien (did you mean Mine?); it has Mine"


def test_two_strategies_in_a_file_must_be_told_apart(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "\nclass Other(Strategy):\n    pass\n")
    assert error("mine.py", tmp_path) == "mine.py has 2 strategies: name one, mine.py:Mine"
    assert find_class("mine.py:Other", folder=tmp_path).__name__ == "Other"


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (
            b'{"size": 1, "siez": 2}',
            "mine.py: no parameter siez (did you mean size?); it has size, share, count",
        ),
        (b"{}", "mine.py: parameter object missing required field `size`"),
        (b'{"size": "much"}', "mine.py: parameter size: invalid decimal string; it takes: number"),
        (
            b'{"size": 1, "count": 1.5}',
            "mine.py: parameter count: expected `int`, got `float`; it takes: whole number",
        ),
        (b'{"size": "NaN"}', "mine.py: parameter size: NaN is not a number to trade with"),
        (b'{"size": "Infinity"}', "mine.py: parameter size: Infinity is not a number to trade with"),
        (b'{"size": 1, "share": "inf"}', "mine.py: parameter share: inf is not a number to trade with"),
        (b"[]", "mine.py: parameter expected `object`, got `array`"),
    ],
)
def test_a_wrong_parameter_is_named(tmp_path: Path, params: bytes, text: str) -> None:
    assert error("mine.py", write(tmp_path, GOOD), params) == text


def test_a_parameter_that_the_strategy_itself_refuses_is_named() -> None:
    text = error("market_maker", None, b'{"size": 0}')
    assert text.startswith("market_maker: parameter size must be above 0, not 0")


def test_an_init_that_raises_names_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "        self.levels = [1][params.count]\n")
    assert error("mine.py", tmp_path, b'{"size": 1}') == (
        "mine.py: mine.py:14 in __init__: IndexError: list index out of range"
    )


def test_an_init_with_another_signature_says_what_it_must_be(tmp_path: Path) -> None:
    head = "from veloz_tui.strategy.base import Strategy\nclass Mine(Strategy):\n"
    write(tmp_path, head + "    def __init__(self, a: int, b: int) -> None:\n        pass\n")
    assert error("mine.py", tmp_path).startswith("Mine.__init__ must take one argument: `params: Params`")
    write(tmp_path, head + "    def __init__(self, params: 'Nonesuch') -> None:\n        pass\n")
    assert error("mine.py", tmp_path) == "Mine.__init__: the annotation Nonesuch is not defined"


def test_the_librarys_parameters_have_sensible_defaults() -> None:
    strategy = load("market_maker", folder=None, params_json=msgspec.json.encode({"size": "0.02"}))
    assert isinstance(strategy, MarketMaker)
    assert strategy.params.size == Decimal("0.02")

"""What a Params struct declares: described, its bounds enforced, and given to a running strategy."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from tests.unit.strategy.factories import BTC
from veloz_tui.domain.errors import StrategyError
from veloz_tui.domain.types import Nanos, Side
from veloz_tui.strategy.base import Context, Setting, Strategy
from veloz_tui.strategy.library import grid, market_maker, momentum, twap
from veloz_tui.strategy.loader import decode_params, find_class
from veloz_tui.strategy.parameters import check_bounds, describe_params, text_of
from veloz_tui.strategy.running import Running

CODE = """
from decimal import Decimal
from typing import Annotated
import msgspec
from veloz_tui.strategy.base import *

class Params(msgspec.Struct, frozen=True):
    size: Annotated[Decimal, Setting(above=0)] = Decimal(1)
    instrument: Annotated[str, Setting(is_fixed=True)] = "BTCUSDT.BINANCE"

class Mine(Strategy):
    def __init__(self, params: Params) -> None:
        {init}
    def on_params(self, ctx):
        {hook}
"""


class Params(msgspec.Struct, frozen=True):
    size: Annotated[Decimal, Setting(above=0, at_most=Decimal("2.5"), unit="BTC")]
    """Of each
    quote."""
    side: Side = Side.BUY
    style: Literal["a", "b"] = "a"
    limit: Annotated[Decimal, Setting(at_least=1)] | None = None
    levels: list[int] = []
    is_on: bool = True


def running(
    tmp_path: Path,
    *,
    init: str = "self.params = params",
    hook: str = "ctx.log(f'now {self.params.size}')",
    params: bytes = b"{}",
) -> Running:
    (tmp_path / "mine.py").write_text(CODE.format(init=init, hook=hook))
    ctx = Context(instruments=[BTC])
    return Running("mine.py", folder=tmp_path, params_json=params, ctx=ctx, clock=lambda: 0.0)


def test_a_parameter_is_described_as_it_is_declared() -> None:
    found = {one.name: one for one in describe_params(Params(Decimal("0.50")))}
    size = found["size"]
    assert (size.value, size.default, size.kind, size.unit) == ("0.50", None, "number", "BTC")
    assert (size.bounds, size.meaning) == ("above 0, at most 2.5", "Of each quote.")
    assert [found[name].kind for name in ("side", "style", "limit", "is_on")] == [
        "BUY | SELL",
        "a | b",
        "number or null",
        "yes or no",
    ]
    assert (found["limit"].value, found["limit"].bounds) == ("null", "at least 1")
    assert found["levels"].value == "[]"


@pytest.mark.parametrize(
    ("size", "limit", "said"),
    [("0", None, "size must be above 0, at most 2.5, not 0"), ("2.6", None, "size"), ("1", "0.5", "limit")],
)
def test_a_number_out_of_its_bounds_is_refused(size: str, limit: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_bounds(Params(Decimal(size), limit=None if limit is None else Decimal(limit)))


@pytest.mark.parametrize("module", [market_maker, twap, grid, momentum])
def test_every_parameter_of_the_library_says_what_it_may_be(module: object) -> None:
    kind = module.Params  # type: ignore[attr-defined]
    hints = {field.name for field in msgspec.structs.fields(kind)}
    given = {"instrument": "X", "budget": "9", "quote_size": "9", "quantity": "1", "side": "BUY"}
    needed = {name: value for name, value in given.items() if name in hints} | (
        {"duration_s": 60} if "duration_s" in hints else {}
    )
    described = describe_params(msgspec.convert(needed, kind, strict=False))
    assert {one.name for one in described} == hints
    assert next(one for one in described if one.name == "instrument").is_fixed


def test_a_running_strategy_gets_the_new_ones_and_hears_of_it(tmp_path: Path) -> None:
    mine = running(tmp_path)
    (size, _) = mine.check(b'{"size": "2"}')
    assert size.value == "2"
    assert mine.parameters[0].value == "1"
    done = mine.set_params(b'{"size": "2"}', Nanos(5))
    assert [intent.text for intent in done.intents] == ["now 2"]  # type: ignore[union-attr]
    assert mine.parameters[0].value == "2"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (b'{"size": "0"}', "size must be above 0, not 0"),
        (b'{"size": "much"}', "size"),
        (b'{"sise": "1"}', "did you mean size"),
        (b'{"size": "NaN"}', "size"),
        (b'{"instrument": "ETHUSDT.BINANCE"}', "instrument can't change while it runs"),
    ],
)
def test_a_check_refuses_as_the_start_does_and_changes_nothing(
    tmp_path: Path, wanted: bytes, said: str
) -> None:
    mine = running(tmp_path)
    with pytest.raises(StrategyError, match=said):
        mine.check(wanted)
    assert mine.parameters[0].value == "1"


def test_one_that_keeps_no_params_takes_them_at_its_start_only(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match=r"keeps no self\.params"):
        running(tmp_path, init="self.size = params.size").check(b'{"size": "2"}')


def test_a_hook_that_raises_fails_as_any_callback(tmp_path: Path) -> None:
    mine = running(tmp_path, hook="raise ValueError('my own')")
    with pytest.raises(StrategyError, match="in on_params: ValueError: my own"):
        mine.set_params(b'{"size": "2"}', Nanos(5))


class OddParams(msgspec.Struct, frozen=True):
    """They judge by themselves, and badly."""

    size: Annotated[Decimal, Setting(above=0)] = Decimal(1)

    def __post_init__(self) -> None:
        if str(self.size) == "7":
            raise KeyError("seven")


class Odd(Strategy):
    def __init__(self, params: OddParams) -> None:
        self.params = params


HOSTILE = ("NaN", "sNaN", "Infinity", "1E+999999999999", "1E-999999999999", "1E+31", "9" * 400)


@pytest.mark.parametrize("number", HOSTILE)
@pytest.mark.parametrize(
    ("kind", "name"),
    [(find_class("market_maker", folder=None), "half_spread_bps"), (Odd, "size")],
)
def test_a_number_nobody_can_trade_with_is_refused_and_costs_nothing(
    kind: type[Strategy], name: str, number: str
) -> None:
    wanted = msgspec.json.encode({name: number})
    with pytest.raises(StrategyError, match=name) as refused:
        decode_params(kind, source="mine.py", params_json=wanted)
    assert len(str(refused.value)) < 1_000


def test_whatever_its_own_check_raises_is_a_refusal() -> None:
    with pytest.raises(StrategyError, match="seven"):
        decode_params(Odd, source="mine.py", params_json=b'{"size": "7"}')


def test_a_number_is_written_out_only_where_that_is_short() -> None:
    assert text_of(Decimal("1E-7")) == "0.0000001"
    assert text_of(Decimal("1E+999999999999")) == "1E+999999999999"

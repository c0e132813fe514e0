"""What the grammar takes and gives. Pure."""

from collections.abc import Callable
from decimal import Decimal
from typing import NoReturn

import msgspec

from veloz_tui.domain.commands import AnyCommand
from veloz_tui.domain.order import TERMINAL
from veloz_tui.domain.types import CommandId, Mode
from veloz_tui.domain.views import (
    AccountView,
    InstrumentView,
    OrderView,
    PositionView,
    StrategyView,
    View,
)


class GrammarContext(msgspec.Struct, frozen=True, kw_only=True):
    """What words are resolved against: one view, the step size presets, and where new ids come from."""

    profile: str
    mode: Mode
    instruments: tuple[InstrumentView, ...]
    orders: tuple[OrderView, ...]
    positions: tuple[PositionView, ...]
    strategies: tuple[StrategyView, ...]
    account: AccountView
    next_command_id: Callable[[], CommandId]
    presets: tuple[Decimal, ...] = ()
    themes: tuple[str, ...] = ()

    @classmethod
    def from_view(
        cls,
        view: View,
        *,
        next_command_id: Callable[[], CommandId],
        presets: tuple[Decimal, ...] = (),
        themes: tuple[str, ...] = (),
    ) -> "GrammarContext":
        return cls(
            profile=view.status.profile,
            mode=view.status.mode,
            instruments=view.instruments,
            # A view keeps ended orders for a while: nothing is left to do with those.
            orders=tuple(one for one in view.orders if one.status not in TERMINAL),
            positions=view.positions,
            strategies=view.strategies,
            account=view.account,
            next_command_id=next_command_id,
            presets=presets,
            themes=themes,
        )


class LocalCommand(msgspec.Struct, frozen=True):
    """Something the console does by itself: `theme`, `watch`, `q` …

    Instruments and orders in `args` are full ids.
    `rearm`: (level): ask for the profile's name.
    """

    name: str
    args: tuple[str, ...] = ()


class Parsed(msgspec.Struct, frozen=True):
    """What was meant. `review` says it in full: side quantity instrument price type TIF value."""

    command: AnyCommand | LocalCommand
    review: str
    increases_risk: bool = False
    """It may open or grow a position: worth a second look in LIVE."""


class GrammarError(msgspec.Struct, frozen=True):
    """Why the text means nothing, what to write instead, and what could have been meant."""

    text: str
    choices: tuple[str, ...] = ()


class Fault(Exception):
    """Inside the grammar only: becomes a GrammarError."""

    def __init__(self, text: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.choices = choices


def fault(text: str, *choices: str) -> NoReturn:
    raise Fault(text, choices)

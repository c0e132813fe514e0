"""The order ticket: fields, defaults from the market, review, and what it would do now. Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from statistics import median
from typing import Final, TypeVar

import msgspec

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType, Side, TimeInForce
from veloz_tui.domain.views import InstrumentView, LadderView, OrderView, Verdict
from veloz_tui.tui import fmt
from veloz_tui.tui.lineedit import LineEdit

_T = TypeVar("_T")
UNUSUAL_FACTOR: Final = 5
_SAMPLES_NEEDED: Final = 3
_MAX_DIGITS: Final = 24
_PASTED: Final = re.compile(r"[0-9.,]+")
_DIGITS: Final = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")


class Field(Enum):
    """In the order Tab visits them."""

    PRICE = "price"
    QUANTITY = "qty"
    KIND = "type"
    TIME_IN_FORCE = "tif"
    POST = "post"
    STOP = "stop"
    REDUCE = "reduce"


_TEXT_FIELDS: Final = (Field.PRICE, Field.QUANTITY, Field.STOP)


class Step(Enum):
    """How far the ticket is."""

    EDIT = "edit"
    REVIEW = "review"


class Ticket:
    """One order being written. Nothing here sends: `request` is what would be sent."""

    def __init__(
        self,
        instrument: InstrumentView,
        *,
        side: Side,
        price: Decimal | None,
        quantity: Decimal | None,
        presets: Sequence[Decimal] = (),
        follows: bool = False,
        amends: OrderView | None = None,
    ) -> None:
        self.instrument = instrument
        self.side = side
        self.amends = amends
        """The order that it changes: only its prices and its quantity can be."""
        self.kind = OrderType.LIMIT if amends is None else amends.order_type
        self.time_in_force = TimeInForce.GTC if amends is None else amends.time_in_force
        self.wants_post = True if amends is None else amends.post_only
        self.reduce_only = False if amends is None else amends.reduce_only
        self.step = Step.EDIT
        self.field = Field.PRICE
        self.verdict: Verdict | None = None
        self.verdict_text = ""
        self.asked_at = float("-inf")
        self.typed = ""
        """Letters of the `yes` which an unusual size needs."""
        self.follows = follows
        """The price is the own-side touch and moves with it, until somebody edits it."""
        self._presets = tuple(presets)
        self._untouched = set(_TEXT_FIELDS)
        """Fields nobody has edited: what is typed first replaces them."""
        self._reviewed: tuple[OrderRequest, bool] | None = None
        self._edits = {
            Field.PRICE: LineEdit(_plain(price)),
            Field.QUANTITY: LineEdit(_plain(quantity)),
            Field.STOP: LineEdit(_plain(None if amends is None else amends.stop_price)),
        }

    # -- fields -----------------------------------------------------------------------------------------

    @property
    def is_text(self) -> bool:
        """True while a field is focused into which one types."""
        return self.step is Step.EDIT and self.field in _TEXT_FIELDS

    def text(self, field: Field) -> str:
        """What a text field holds."""
        return self._edits[field].text

    def edited(self, field: Field) -> LineEdit | None:
        """The text being edited, with its cursor; None while typing would replace the whole field."""
        return None if field in self._untouched else self._edits.get(field)

    def value(self, field: Field) -> Decimal | None:
        """A text field as a number; None if it isn't a positive one."""
        return parse_number(self._edits[field].text)

    def fields(self) -> list[Field]:
        """The fields that mean something for this kind of order."""
        return [field for field in Field if self._has(field)]

    @property
    def text_of_price(self) -> str:
        """The price as people write it."""
        return fmt.number(self.value(Field.PRICE), fmt.decimals_of(self.instrument.tick_size))

    @property
    def text_of_quantity(self) -> str:
        """The quantity as people write it."""
        return fmt.number(self.value(Field.QUANTITY))

    def next_field(self, step: int = 1) -> None:
        """Tab and Shift+Tab: fields that mean nothing for this kind of order are left out."""
        fields = self.fields()
        at = fields.index(self.field) if self.field in fields else 0
        self.field = fields[(at + step) % len(fields)]

    def follow(self, book: LadderView | None) -> None:
        """Move an untouched price with its touch; a reviewed one stands still."""
        touch = _touch(self, book)
        if self.follows and self.step is Step.EDIT and touch is not None:
            self._edits[Field.PRICE] = LineEdit(_plain(touch))

    def type_key(self, key: str, character: str | None) -> bool:
        """A key for the focused field; True if it changed something."""
        has_changed = self._type(key, character)
        if has_changed:
            self._touched()
        return has_changed

    def _touched(self) -> None:
        self._untouched.discard(self.field)
        self.follows = self.follows and self.field is not Field.PRICE

    def _type(self, key: str, character: str | None) -> bool:
        if key in {"up", "down"}:
            self._nudge(1 if key == "up" else -1)
            return True
        if self.field in _TEXT_FIELDS:
            is_typed = character is not None and character.isprintable()
            if character is not None and is_typed and not (character.isascii() and character != " "):
                return False
            if is_typed and self.field in self._untouched:
                self._edits[self.field] = LineEdit()
            # A letter stays and is complained about: without it, `1e5` would be another number.
            return self._edits[self.field].key(key, character)
        if key in {"space", "left", "right"}:
            self._nudge(-1 if key == "left" else 1)
            return True
        return False

    def paste(self, line: str) -> bool:
        """The one number of a pasted line goes to the focused field; False if there isn't one.

        What else is in a word with digits would make another number of it: `1e-3`, `-5`.
        """
        numbers = [word.strip("@$:;") for word in line.split() if any(char.isdigit() for char in word)]
        if not self.is_text or len(numbers) != 1 or not _PASTED.fullmatch(numbers[0]):
            return False
        if self.field in self._untouched:
            self._edits[self.field] = LineEdit()
        self._edits[self.field].insert(numbers[0])
        self._touched()
        return True

    def nudge(self, step: int) -> None:
        """Ticks up or down, a stop with its limit."""
        for field in (Field.PRICE, Field.STOP):
            if self.value(field) is not None:
                self._tick(self._edits[field], step)

    def _has(self, field: Field) -> bool:
        if self.amends is not None and field not in _TEXT_FIELDS:
            return False
        if field is Field.PRICE:
            return self.kind is not OrderType.MARKET
        if field in {Field.POST, Field.TIME_IN_FORCE}:
            return self.kind is OrderType.LIMIT
        return field is not Field.STOP or self.kind is OrderType.STOP_LIMIT

    def _nudge(self, step: int) -> None:
        match self.field:
            case Field.PRICE | Field.STOP:
                self._tick(self._edits[self.field], step)
            case Field.QUANTITY:
                self._preset(step)
            case Field.KIND:
                self.kind = _cycled(list(OrderType), self.kind, step)
            case Field.TIME_IN_FORCE:
                choices = [TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]
                self.time_in_force = _cycled(choices, self.time_in_force, step)
            case Field.POST:
                self.wants_post = not self.wants_post
            case Field.REDUCE:
                self.reduce_only = not self.reduce_only

    def _tick(self, edit: LineEdit, step: int) -> None:
        now = parse_number(edit.text)
        if now is None:
            now = self.instrument.bid if self.side is Side.BUY else self.instrument.ask
        if now is not None:
            edit.text = _plain(max(self.instrument.tick_size, now + step * self.instrument.tick_size))
            edit.cursor = len(edit.text)

    def _preset(self, step: int) -> None:
        if not self._presets:
            return
        now = self.value(Field.QUANTITY)
        larger = [each for each in self._presets if now is None or each > now]
        smaller = [each for each in self._presets if now is not None and each < now]
        chosen = (larger or self._presets[-1:])[0] if step > 0 else (smaller or self._presets[:1])[-1]
        self._edits[Field.QUANTITY].text = _plain(chosen)
        self._edits[Field.QUANTITY].cursor = len(_plain(chosen))

    # -- what it would do -------------------------------------------------------------------------------

    def crosses(self, book: LadderView | None) -> bool:
        """True if it would trade at once."""
        if self.kind is OrderType.MARKET:
            return True
        price = self.value(Field.PRICE)
        best = _opposite_touch(self, book)
        if price is None or best is None or self.kind is OrderType.STOP_LIMIT:
            return False
        return price >= best if self.side is Side.BUY else price <= best

    def is_post(self, book: LadderView | None) -> bool:
        """Post-only is on unless it crosses, or unless it must trade at once anyway."""
        if self.amends is not None:
            return self.wants_post  # what it is, it stays
        gtc = self.time_in_force is TimeInForce.GTC
        return self.wants_post and gtc and self.kind is OrderType.LIMIT and not self.crosses(book)

    def request(self, book: LadderView | None) -> OrderRequest | str:
        """The order as it stands, or what is missing."""
        quantity = self.value(Field.QUANTITY)
        if quantity is None:
            return f"quantity: {_complaint(self.text(Field.QUANTITY))}"
        price = self.value(Field.PRICE) if self.kind is not OrderType.MARKET else None
        if price is None and self.kind is not OrderType.MARKET:
            return f"price: {_complaint(self.text(Field.PRICE))}"
        stop = self.value(Field.STOP) if self.kind is OrderType.STOP_LIMIT else None
        if stop is None and self.kind is OrderType.STOP_LIMIT:
            return f"stop: {_complaint(self.text(Field.STOP))}"
        return OrderRequest(
            instrument_id=self.instrument.instrument_id,
            side=self.side,
            quantity=quantity,
            order_type=self.kind,
            price=price,
            stop_price=stop,
            time_in_force=self.time_in_force if self.kind is OrderType.LIMIT else TimeInForce.GTC,
            post_only=self.is_post(book),
            reduce_only=self.reduce_only,
        )

    def standing(self, book: LadderView | None) -> OrderRequest | str:
        """What an answer about this ticket must be about: the reviewed order, else the fields as they are."""
        return self._reviewed[0] if self._reviewed is not None else self.request(book)

    # -- review -----------------------------------------------------------------------------------------

    def review(self, book: LadderView | None) -> str:
        """Freeze the order for review; returns what is missing, or nothing."""
        request = self.request(book)
        if isinstance(request, str):
            return request
        self._reviewed = (request, self.crosses(book))
        self.step, self.typed = Step.REVIEW, ""
        return ""

    def confirmed(self, book: LadderView | None) -> OrderRequest | None:
        """The reviewed order, as it was shown; None if the market has changed its side meanwhile."""
        if self._reviewed is None:
            return None
        request, crossed = self._reviewed
        return request if self.crosses(book) == crossed else None

    def rejoin(self, book: LadderView | None) -> bool:
        """Review anew at its touch an order whose untouched price the market has come over.

        The new price is better and still post-only. True if it changed: it must be read and confirmed again.
        """
        if self._reviewed is None or not self.follows or self.confirmed(book) is not None:
            return False
        request, _ = self._reviewed
        touch = _touch(self, book)
        if not request.post_only or touch is None or request.price is None:
            return False
        is_better = touch < request.price if request.side is Side.BUY else touch > request.price
        if is_better:
            self._edits[Field.PRICE] = LineEdit(_plain(touch))
            self._reviewed = (msgspec.structs.replace(request, price=touch), False)
        return is_better

    def back(self) -> None:
        """From review to the fields."""
        self.step, self._reviewed, self.typed = Step.EDIT, None, ""

    def is_unusual(self, recent: Sequence[Decimal]) -> bool:
        """True if the quantity is over five times the median of recent manual orders.

        An amendment that adds nothing isn't: its quantity was confirmed when it was placed.
        """
        quantity = self.value(Field.QUANTITY)
        if quantity is None or len(recent) < _SAMPLES_NEEDED:
            return False
        if self.amends is not None and quantity <= self.amends.quantity:
            return False
        return quantity > UNUSUAL_FACTOR * median(recent)


def parse_number(text: str) -> Decimal | None:
    """A positive number; a comma is a thousands comma only (`64,100`), never a decimal one."""
    body = text.strip()
    if "," in body:
        head, *groups = body.partition(".")[0].split(",")
        if not 1 <= len(head) <= 3 or any(len(group) != 3 for group in groups):
            return None
        body = body.replace(",", "")
    if len(body) > _MAX_DIGITS or not _DIGITS.fullmatch(body):
        return None
    value = Decimal(body)
    return value if value > 0 else None


def _complaint(text: str) -> str:
    if not text.strip():
        return "missing"
    if "," in text and "." not in text and parse_number(text.replace(",", ".")) is not None:
        return f"write {text.replace(',', '.')}"
    return f"{fmt.clean(text)[:24]} is no positive number"


def _touch(ticket: Ticket, book: LadderView | None) -> Decimal | None:
    """The best price of the ticket's own side, in a book that can be trusted."""
    if book is None or book.stale_reason:
        return None
    levels = book.bids if ticket.side is Side.BUY else book.asks
    return levels[0].price if levels else None


def _opposite_touch(ticket: Ticket, book: LadderView | None) -> Decimal | None:
    if book is None:
        return ticket.instrument.ask if ticket.side is Side.BUY else ticket.instrument.bid
    levels = book.asks if ticket.side is Side.BUY else book.bids
    return levels[0].price if levels else None


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _cycled(choices: Sequence[_T], now: _T, step: int) -> _T:
    at = choices.index(now) if now in choices else 0
    return choices[(at + step) % len(choices)]

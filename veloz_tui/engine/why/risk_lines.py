"""The risk checks of one order as lines: number, rule, numbers compared, room left, verdict."""

from collections.abc import Sequence
from decimal import Decimal

from veloz_tui.engine.risk.denial import amount
from veloz_tui.engine.risk.measures import Measure, Outcome

UNKNOWN = "-"
_NAME = 15


def lines(measures: Sequence[Measure]) -> tuple[str, ...]:
    """One line a measure: ` 9 order_size      ok    order value 3,206.17 <= 20,000 USDT, room 16,793.83`."""
    return tuple(_line(each) for each in measures)


def count(measures: Sequence[Measure]) -> str:
    """`16 rules: 12 ok, 4 off`"""
    rules: dict[int, list[Outcome]] = {}
    for each in measures:
        rules.setdefault(each.number, []).append(each.outcome)
    worst = [_worst(outcomes) for outcomes in rules.values()]
    counts = [f"{worst.count(outcome)} {outcome}" for outcome in Outcome if worst.count(outcome)]
    return f"{len(rules)} rules: {', '.join(counts)}"


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    order = (Outcome.DENIED, Outcome.NOT_ASKED, Outcome.OK, Outcome.OFF)
    return next(outcome for outcome in order if outcome in outcomes)


def _line(measure: Measure) -> str:
    head = f"{measure.number:>2} {measure.rule:<{_NAME}} {measure.outcome:<6}"
    return f"{head} {_numbers(measure)}".rstrip()


def _numbers(measure: Measure) -> str:
    if measure.outcome is Outcome.OFF:
        return "no limit is set"
    if measure.limit is None:
        return measure.text
    sign = ">=" if measure.is_least else "<="
    unit = f" {measure.unit}" if measure.unit else ""
    room = "" if measure.room is None else f", room {_short(measure.room)}"
    return f"{measure.text} {_short(measure.value)} {sign} {_short(measure.limit)}{unit}{room}"


def _short(value: Decimal | None) -> str:
    if value is None:
        return UNKNOWN
    if not value.is_finite():
        return amount(value)
    places = 2 if abs(value) >= 1000 else 8
    rounded = round(value, places) if abs(value.adjusted()) < 15 else value
    return amount(rounded.normalize()) if rounded else "0"

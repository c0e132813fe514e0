"""One strategy in full: parameters, results, orders, fills, callbacks, failures, log; and why it waits."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.strategy_views import StrategyDetail
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.wrapping import wrapped_lines

LABEL: Final = 18
MOST_LINES: Final = 4


class Fact(NamedTuple):
    """One line: what it is about, and what there is to say."""

    key: str
    label: str
    text: str
    tone: str = "base"


class Section(NamedTuple):
    """A heading and its lines."""

    title: str
    facts: Sequence[Fact]


def missing(why: str, width: int) -> PaneContent:
    """Nothing is known yet."""
    return PaneContent("Strategy", rows=(GridRow("", ((fmt.fit_text(f" {why}", width).rstrip(), "muted"),)),))


def content(detail: StrategyDetail, *, width: int, age_s: float = 0.0) -> PaneContent:
    """The screen's rows."""
    lines: list[GridRow] = []
    for section in sections(detail):
        lines.append(GridRow("", ((f" {section.title}", "header"),)))
        for fact in section.facts:
            lines += _lines(fact, width)
    name = fmt.clean(detail.strategy.strategy_id)
    title = texts.strategies.title(name, texts.names.STRATEGY_STATES[detail.strategy.state], detail.run)
    old = texts.strategies.old_answer(fmt.age(age_s)) if age_s >= OLD_S else ""
    return PaneContent(f"{title}   {old or texts.strategies.KEYS}", rows=tuple(lines))


OLD_S: Final = 5.0


def sections(detail: StrategyDetail) -> Sequence[Section]:
    """Everything to say, in order; the same for the console and the command line."""
    return (
        Section("Now", tuple(_now(detail))),
        Section("Parameters", tuple(_parameters(detail))),
        Section("Results", tuple(_results(detail))),
        Section(f"Orders {len(detail.orders)}", tuple(_orders(detail))),
        Section("Last fills", tuple(_fills(detail))),
        Section("Callbacks", tuple(_callbacks(detail))),
        Section("Failures", tuple(_faults(detail))),
        Section("Log", tuple(_log(detail))),
    )


def _lines(fact: Fact, width: int) -> Iterator[GridRow]:
    first, *more = wrapped_lines(fact.text or fmt.UNKNOWN, max(10, width - LABEL - 3), MOST_LINES)
    yield GridRow(fact.key, ((f" {fmt.fit_text(fact.label, LABEL)} ", "muted"), (first, fact.tone)))
    for line in more:
        yield GridRow("", ((" " * (LABEL + 2), "muted"), (line, fact.tone)))


def _now(detail: StrategyDetail) -> Iterator[Fact]:
    strategy = detail.strategy
    yield Fact("doing", "doing", fmt.clean(strategy.doing))
    if not detail.waits_for:
        yield Fact("waits", "waits for", texts.strategies.NOTHING_IN_ITS_WAY, "good")
    for at, why in enumerate(detail.waits_for):
        yield Fact(f"waits{at}", "waits for" if at == 0 else "", fmt.clean(why), "warn")
    told = (fmt.clean(detail.source), fmt.clean(detail.code), "inline" if strategy.is_inline else "")
    yield Fact("class", "class", "  ".join(part for part in told if part))
    if detail.changed_at:
        yield Fact(
            "since", "since", f"{fmt.timestamp(detail.changed_at)}  {fmt.clean(detail.reason)}".rstrip()
        )
    yield Fact("position", "position", fmt.compact(strategy.position))


def _parameters(detail: StrategyDetail) -> Iterator[Fact]:
    if detail.parameters_error:
        yield Fact("parameters", "", fmt.clean(detail.parameters_error), "crit")
    elif not detail.parameters:
        yield Fact("parameters", "", texts.strategies.NO_PARAMETERS, "muted")
    for one in detail.parameters:
        by = detail.set_by.get(one.name)
        source = (
            "" if by is None else texts.strategies.set_by(fmt.clean(by.by), fmt.clock(by.at), by.configured)
        )
        told = (f"{one.value} {one.unit}".rstrip(), source, allowed(one), one.meaning)
        text = "; ".join(fmt.clean(part) for part in told if part)
        yield Fact(f"p:{one.name}", fmt.clean(one.name), text, "base" if by is None else "warn")


def allowed(one: Parameter) -> str:
    """What may be written, and the default."""
    default = (
        texts.strategies.REQUIRED
        if one.default is None
        else f"{texts.strategies.BY_DEFAULT} {one.default}"
        if one.default != one.value
        else ""
    )
    fixed = texts.strategies.FIXED if one.is_fixed else ""
    kind = f"{one.kind} {one.bounds}".rstrip()
    return ", ".join(part for part in (kind, default, fixed) if part)


def _results(detail: StrategyDetail) -> Iterator[Fact]:
    results = detail.results
    figures = (
        ("total", results.total),
        ("  realized", results.realized),
        ("  unrealized", results.unrealized),
        ("  fees paid", -results.fees),
        ("today, realized", results.today),
        ("this run, realized", results.since_start),
    )
    for label, value in figures:
        tone = "base" if not value else "up" if value > 0 else "down"
        yield Fact(f"r:{label}", label, fmt.signed(value), tone)


def _orders(detail: StrategyDetail) -> Iterator[Fact]:
    if not detail.orders:
        yield Fact("orders", "", texts.strategies.NO_ORDERS, "muted")
    for order in detail.orders:
        status = texts.names.STATUSES[order.status]
        if order.in_doubt_since is not None:
            status = texts.names.IN_DOUBT
        elif order.cancel_requested_at is not None:
            status = texts.names.CANCELING
        text = (
            f"{order.side} {fmt.compact(order.leaves)} of {fmt.compact(order.quantity)} "
            f"{order.instrument_id} @{fmt.compact(order.price)}  {status}  {order.reason}"
        )
        yield Fact(f"o:{order.client_order_id}", fmt.clean(order.short_id), fmt.clean(text).rstrip())


def _fills(detail: StrategyDetail) -> Iterator[Fact]:
    if not detail.fills:
        yield Fact("fills", "", texts.strategies.NO_FILLS, "muted")
    for at, fill in enumerate(detail.fills):
        text = (
            f"{fill.side} {fmt.compact(fill.quantity)} {fmt.clean(fill.instrument_id)} "
            f"@{fmt.compact(fill.price)}  {'maker' if fill.is_maker else 'taker'}  "
            f"fee {fmt.compact(fill.fee)} {fmt.clean(fill.fee_asset)}"
        )
        yield Fact(f"f:{at}:{fill.at}", fmt.clock(fill.at), text)


def _callbacks(detail: StrategyDetail) -> Iterator[Fact]:
    times = detail.callbacks
    yield Fact("count", "count", f"{times.count:,}")
    figures = (("p50", times.p50_us), ("p99", times.p99_us), ("longest", times.max_us))
    told = [f"{name} {fmt.UNKNOWN if value is None else f'{value:,.0f} us'}" for name, value in figures]
    yield Fact("times", "time", ", ".join(told))
    limit = f"{times.slow} over a third of the limit; {times.limit_s:g} s end it"
    yield Fact("slow", "too slow", limit, "warn" if times.slow else "base")


def _faults(detail: StrategyDetail) -> Iterator[Fact]:
    yield Fact(
        "policy", "restarts", f"{detail.strategy.restarts}; policy: {fmt.clean(detail.restart_policy)}"
    )
    for fault in detail.faults:
        yield Fact(f"x:{fault.run}", fmt.timestamp(fault.at)[5:-1], fmt.clean(fault.reason), "crit")


def _log(detail: StrategyDetail) -> Iterator[Fact]:
    if not detail.log:
        yield Fact("log", "", texts.strategies.NO_LOG, "muted")
    for at, line in enumerate(reversed(detail.log)):
        yield Fact(f"l:{len(detail.log) - at}:{line.at}", fmt.clock(line.at), fmt.clean(line.text))

"""A report as titled tables of text: what Markdown and HTML share. Money has 8 places here."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

import msgspec

from veloz_tui.domain.types import MILLISECOND, SECOND, Asset
from veloz_tui.reports.period import text_of
from veloz_tui.reports.report import Curve, Group, MoneyRow, Report

PLACES: Final = Decimal("1e-8")
_WIDE: Final = Context(prec=200, rounding=ROUND_HALF_EVEN)
NOTHING: Final = "–"
TITLES: Final[dict[Group, str]] = {
    "strategy": "By strategy",
    "instrument": "By instrument",
    "hour": "By hour (UTC)",
}
MONEY: Final = (
    "Quote",
    "Fills",
    "Maker",
    "Turnover",
    "Realized",
    "Fees",
    "Net",
    "Fees paid",
    "Of these unvalued",
)


class Table(msgspec.Struct, frozen=True):
    """A heading, column names and cells; `note` says what to know when reading it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def title(report: Report) -> str:
    return f"VeloZ {report.period.kind} report, {report.period.label}"


def preface(report: Report) -> str:
    """Say what time it is about and how far the journal knows it."""
    period, known = report.period, report.known_until
    text = f"From {text_of(period.since)} up to {text_of(period.until)}"
    if known is None:
        return f"{text}. The journal holds nothing up to then."
    if known < period.since:
        return f"{text}. The journal's last word is of {text_of(known)}: nothing of this period is known."
    if known < period.until:
        return f"{text}. Known until {text_of(known)} (event {report.last_seq})."
    return f"{text} (event {report.last_seq})."


def tables(report: Report, groups: tuple[Group, ...]) -> tuple[Table, ...]:
    """Return everything but the curves' points."""
    return (
        Table("Result", MONEY, tuple(_money(row) for row in report.totals), "Realized is gross of fees."),
        *(_group(report, group) for group in groups),
        _positions(report),
        Table("Drawdown", ("Of", "Quote", "Last", "Worst", "Of the peak"), tuple(map(_curve, report.curves))),
        _orders(report),
        Table(
            "Denied by our risk",
            ("Code", "Denied", "Repeats not journaled"),
            tuple((row.code, str(row.denied), str(row.suppressed)) for row in report.denials),
        ),
        _doubts(report),
        _latencies(report),
        _callbacks(report),
        _uptime(report),
        _halts(report),
    )


def number(value: Decimal | None) -> str:
    """Return an amount with at most eight decimals, and no zeros behind them."""
    if value is None:
        return NOTHING
    text = f"{_WIDE.quantize(value, PLACES):f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def duration(ns: int) -> str:
    """`1d 02:03:04.5`"""
    days, seconds = divmod(ns / SECOND, 86_400)
    hours, rest = divmod(seconds, 3600)
    minutes, second = divmod(rest, 60)
    return f"{f'{days:.0f}d ' if days else ''}{hours:02.0f}:{minutes:02.0f}:{int(second * 10) / 10:04.1f}"


def _money(row: MoneyRow) -> tuple[str, ...]:
    return (
        row.quote,
        str(row.fills),
        str(row.maker_fills),
        *(number(amount) for amount in (row.turnover, row.realized, row.fees, row.net)),
        _assets(row.fee_assets),
        _assets(row.unvalued_fees),
    )


def _group(report: Report, group: Group) -> Table:
    rows = [row for row in report.rows((group,)) if row.group == group]
    note = "Each strategy has a position of its own." if group == "strategy" else ""
    return Table(TITLES[group], ("Name", *MONEY), tuple((row.name, *_money(row)) for row in rows), note)


def _positions(report: Report) -> Table:
    rows = tuple(
        (
            row.instrument_id,
            number(row.quantity),
            number(row.entry),
            number(row.price),
            NOTHING if row.price_at is None else f"{row.price_of}, {text_of(row.price_at)}",
            "unknown" if row.unrealized is None else f"{number(row.unrealized)} {row.quote}",
        )
        for row in report.positions
    )
    columns = ("Instrument", "Quantity", "Entry", "Last known price", "Of", "Unrealized")
    note = "At the end of what is known, by the newest price in the journal: a noted mark or a fill of ours."
    return Table("Positions", columns, rows, note if rows else "")


def _curve(curve: Curve) -> tuple[str, ...]:
    name = "equity" if curve.basis == "equity" else "realized PnL less fees"
    last = curve.points[-1].value if curve.points else None
    return (
        name,
        curve.quote,
        number(last),
        number(curve.max_drawdown),
        _percent(curve.max_drawdown_fraction),
    )


def _orders(report: Report) -> Table:
    counts = report.orders
    names = [name for name in counts.__struct_fields__ if name != "order_to_trade"]
    rows = [(name.replace("_", " "), str(getattr(counts, name))) for name in names]
    rows.append(("orders per trade", number(counts.order_to_trade)))
    return Table("Orders", ("What", "Count"), tuple(rows))


def _doubts(report: Report) -> Table:
    doubts = report.doubts
    row = (str(doubts.begun), str(doubts.open_at_end), duration(doubts.time_ns), duration(doubts.longest_ns))
    return Table("In doubt", ("Begun", "Open at the end", "Time in all", "Longest"), (row,))


def _latencies(report: Report) -> Table:
    rows = ((row.step, str(row.count), _ms(row.p50_ns), _ms(row.p99_ns)) for row in report.latencies)
    return Table("Latencies", ("Step", "Orders", "p50 ms", "p99 ms"), tuple(rows))


def _callbacks(report: Report) -> Table:
    rows = tuple(
        (row.strategy_id, str(row.minutes), f"{row.p50_us:.0f}", f"{row.p99_us:.0f}")
        for row in report.callbacks
    )
    note = "Of the last 512 callbacks, noted once a minute while a strategy runs."
    return Table("Callbacks", ("Strategy", "Minutes", "p50 µs", "Worst p99 µs"), rows, note)


def _uptime(report: Report) -> Table:
    rows = (
        (row.venue, duration(row.ready_ns), _percent(row.fraction), str(row.downs)) for row in report.uptime
    )
    note = f"The engine ran for {duration(report.engine_ran_ns)}."
    return Table("Venues", ("Venue", "READY", "Of the engine's time", "Left READY"), tuple(rows), note)


def _halts(report: Report) -> Table:
    rows = (
        (
            text_of(row.at),
            row.kill_id,
            row.by,
            row.reason,
            ", ".join(f"{stage} {ms:.1f}" for stage, ms in row.stamps.items()),
            NOTHING if row.rearmed_at is None else text_of(row.rearmed_at),
        )
        for row in report.halts
    )
    return Table("Kills and halts", ("At", "Kill", "By", "Reason", "Stamps, ms", "Re-armed"), tuple(rows))


def _assets(amounts: Mapping[Asset, Decimal]) -> str:
    return _joined(f"{number(amount)} {asset}" for asset, amount in amounts.items())


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(texts) or NOTHING


def _ms(ns: int | None) -> str:
    return NOTHING if ns is None else f"{ns / MILLISECOND:.2f}"


def _percent(fraction: Decimal | None) -> str:
    return NOTHING if fraction is None else f"{fraction * 100:.2f} %"

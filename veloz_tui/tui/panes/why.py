"""A why as lines: each step with its time, how long after the first one, and what belongs to it."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from veloz_tui.domain.queries import Chain, NotKnown, Step, WireEntry
from veloz_tui.domain.types import Nanos, Severity, StrategyState, TradingState
from veloz_tui.domain.views import LogEntry, StrategyView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.wrapping import wrapped_lines

_TIME: Final = 22
_INDENT: Final = 4
_MOST_LINES: Final = 40
_TONES: Final = {
    "asked": "title", "risk": "base", "intent": "base", "wire": "muted", "venue": "good", "doubt": "warn",
    "fill": "good", "posted": "base", "cancel": "base", "caused": "base", "note": "muted",
}  # fmt: skip


class WhyLine(NamedTuple):
    """One line on screen or on paper; every line can be selected, so that all can be scrolled to."""

    key: str
    time: str
    text: str
    tone: str


def lines(chain: Chain, *, width: int) -> Iterator[WhyLine]:
    """A chain in lines of a width."""
    first = next((step.at for step in chain.steps if step.at is not None), None)
    for number, step in enumerate(chain.steps):
        yield from _step(str(number), step, first, width)
    for at, text in enumerate(wrapped_lines(fmt.clean(chain.now), max(10, width - 6), _MOST_LINES)):
        if text:
            yield WhyLine(f"now.{at}", "", f"{'     ' if at else 'NOW  '}{text}", "title")


def _step(key: str, step: Step, first: Nanos | None, width: int) -> Iterator[WhyLine]:
    time = _time(step.at, first)
    tone = {Severity.WARN: "warn", Severity.CRIT: "crit"}.get(step.severity, _TONES.get(step.kind, "base"))
    texts_ = wrapped_lines(fmt.clean(step.text), max(10, width - _TIME), _MOST_LINES)
    for at, text in enumerate(texts_):
        yield WhyLine(f"{key}.{at}", "" if at else time, " " * _TIME * bool(at) + text, tone)
    more = [line for each in step.more for line in _hanging(each, width)]
    for at, text in enumerate(more):
        yield WhyLine(f"{key}+{at}", "", text, "muted")


def _hanging(text: str, width: int) -> list[str]:
    first, *rest = wrapped_lines(fmt.clean(text), max(10, width - 2 * _INDENT), _MOST_LINES)
    return [" " * _INDENT + first, *(" " * 2 * _INDENT + line for line in rest)]


def _time(at: Nanos | None, first: Nanos | None) -> str:
    if at is None or first is None:
        return " " * _TIME
    clock = f"{fmt.clock(at)[:-1]}.{at // 1_000_000 % 1000:03d}"
    return f"{clock} {_after(at - first):>8} "


def _after(nanos: int) -> str:
    if nanos < 10_000_000_000:
        return f"+{nanos / 1e6:,.1f}ms" if nanos < 1_000_000_000 else f"+{nanos / 1e9:.2f}s"
    return f"+{fmt.age(nanos / 1e9)}"


def content(told: Chain | NotKnown | None, *, subject: str, width: int) -> PaneContent:
    """The page; None: the answer is on its way."""
    if told is None:
        return _said(texts.why.waiting(fmt.clean(subject)), width, "muted")
    if isinstance(told, NotKnown):
        return _said(fmt.clean(told.text), width, "warn")
    rows = [
        GridRow(line.key, ((line.time, "muted"), (line.text, line.tone)))
        for line in lines(told, width=width - 1)
    ]
    return PaneContent(f"Why {fmt.clean(told.title)}   {texts.why.KEYS}", rows=tuple(rows))


def _said(text: str, width: int, tone: str) -> PaneContent:
    rows = [
        GridRow(str(at), ((f" {line}", tone),))
        for at, line in enumerate(wrapped_lines(text, max(10, width - 2), _MOST_LINES))
    ]
    return PaneContent(f"{texts.names.TITLES['why']}   {texts.why.KEYS}", rows=tuple(rows))


# -- what the console can say by itself ---------------------------------------------------------------


def of_strategy(view: View, strategy: StrategyView, log: Sequence[LogEntry]) -> Chain:
    """Why a strategy does what it does, or nothing, from what the View holds."""
    steps = [Step(None, "asked", texts.why.STRATEGY_STATES[strategy.state], _severity(strategy.state))]
    if view.status.is_paused:
        steps.append(Step(None, "caused", texts.why.ALL_PAUSED, Severity.WARN))
    if view.status.trading_state is not TradingState.READY:
        words = texts.why.trading(texts.names.STATES[view.status.trading_state], view.status.state_reason)
        steps.append(Step(None, "caused", words, Severity.WARN))
    steps.append(_book(view, strategy))
    steps.append(_last_denial(strategy, log))
    doing = texts.why.doing(strategy.doing) if strategy.doing else texts.why.SAYS_NOTHING
    steps.append(Step(None, "note", doing))
    return Chain(texts.why.strategy_title(strategy.strategy_id), strategy.strategy_id, tuple(steps))


def _severity(state: StrategyState) -> Severity:
    return Severity.INFO if state is StrategyState.RUNNING else Severity.WARN


def _book(view: View, strategy: StrategyView) -> Step:
    instrument = next((i for i in view.instruments if i.instrument_id == strategy.instrument_id), None)
    if instrument is None:
        return Step(None, "caused", texts.why.NO_BOOK, Severity.WARN)
    if instrument.stale_reason:
        return Step(None, "caused", texts.why.stale(instrument.stale_reason), Severity.WARN)
    return Step(None, "note", texts.why.FRESH)


def _last_denial(strategy: StrategyView, log: Sequence[LogEntry]) -> Step:
    last = next(
        (
            each
            for each in reversed(log)
            if each.kind == "denied" and each.strategy_id == strategy.strategy_id
        ),
        None,
    )
    if last is None:
        return Step(None, "note", texts.why.NO_DENIAL)
    return Step(last.at, "risk", last.text, Severity.WARN)


def of_wire(entry: WireEntry, others: Sequence[WireEntry]) -> Chain:
    """One message whole, and the other half of its exchange."""
    number = entry.number if entry.is_sent else entry.reply_to
    pair = [each for each in others if number is not None and number in (each.number, each.reply_to)]
    steps = []
    for each in pair or [entry]:
        arrow, after = (
            ("->" if each.is_sent else "<-"),
            "" if each.ms is None else f" after {each.ms:,.1f} ms",
        )
        said = f": {each.outcome}" if each.outcome else ""
        text = f"{arrow} {each.venue} {each.channel} {each.topic}{said}{after}"
        steps.append(Step(each.at, "wire", text, more=(each.payload,) if each.payload else ()))
    return Chain(f"wire {entry.number:,}", str(entry.number), tuple(steps))

"""One console's state and its keys: which mode is on, which pane has the focus, what a key means now."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple

from veloz_tui.control.client import KillOutcome, Link, LinkState
from veloz_tui.domain.commands import AnyCommand
from veloz_tui.domain.types import InstrumentId, Severity
from veloz_tui.domain.views import Ack, LogEntry, View
from veloz_tui.tui import fmt, history, keys, texts
from veloz_tui.tui.absence import Absence, recall
from veloz_tui.tui.armed import Armed
from veloz_tui.tui.arrange import Arrangement
from veloz_tui.tui.asking import Asking
from veloz_tui.tui.doubt_bell import DoubtBell
from veloz_tui.tui.drawn import Drawn
from veloz_tui.tui.grid import GridCursor, PaneContent
from veloz_tui.tui.inspection import Inspection
from veloz_tui.tui.keymap import HELP, LISTED, Keymap
from veloz_tui.tui.kill import DoublePress, KillKey, Stroke
from veloz_tui.tui.layout import Plan
from veloz_tui.tui.lineedit import LineEdit
from veloz_tui.tui.message_line import Message, MessageLine
from veloz_tui.tui.modes import LINES, Mode
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.page_states import WhyPage, WirePage
from veloz_tui.tui.panes.scroll import Scroll
from veloz_tui.tui.picture import Picture
from veloz_tui.tui.router import Router
from veloz_tui.tui.shell import Shell
from veloz_tui.tui.store import OnAck, Store
from veloz_tui.tui.ticket import Ticket
from veloz_tui.tui.tour import Tour
from veloz_tui.tui.usual_sizes import UsualSizes

READ_S: Final = 0.250
"""A review or a question younger than this can't have been read."""
BELL_EVERY_S: Final = 2.0
_RECENT: Final = 20
_FEW: Final = 3


class Closing(NamedTuple):
    """C: what one Enter would close."""

    instrument_id: InstrumentId
    text: str
    asked_at: float = 0.0
    answer: str = ""
    """How much and the worst price, by the book of that moment."""


class Question(NamedTuple):
    """A yes-or-no on the strip; anything but `y` is no."""

    text: str
    on_yes: Callable[[], None]
    frame: int
    """The first frame that shows it."""
    at: float


class Session:
    """The console without a terminal. Times are monotonic seconds."""

    def __init__(self, options: ConsoleOptions, shell: Shell, clock: Callable[[], float]) -> None:
        self.options = options
        self.shell = shell
        self.clock = clock
        self.store = Store()
        self.absence = Absence(history.seen_at(options.seen_file), recall(options.seen_file))
        self.keymap = Keymap(options.keymap)
        self.kill_key = KillKey()
        self.inspection = Inspection()
        self.frozen: Picture | None = None
        self.typing = keys.FastTyping()
        self.doubles = {name: DoublePress() for name in ("cancel", "cancel_all", "pause")}
        self.tour = Tour(is_on=options.has_tour, step=history.number(options.tour_file))
        self.mode = Mode.PANES
        self.focus, self.is_zoomed = "ladder", False
        self.cursors = {pane: GridCursor() for pane in (*LISTED, HELP)}
        self.contents: dict[str, PaneContent] = {}
        """What each pane showed in the last frame: keys act on what was seen."""
        self.parts: Plan = {}
        self.page: tuple[str, ...] = ()
        """Panes which have the body for themselves."""
        self.asking = Asking(shell.ask)
        self.why, self.wire = WhyPage(), WirePage()
        self.arrangements = {pane: Arrangement() for pane in LISTED}
        self.marked: set[str] = set()
        self.mark_from: str | None = None
        """One end of the range that v marks."""
        self.scroll = Scroll()
        self.armed, self.drawn = Armed(), Drawn()
        self.instrument_id: InstrumentId | None = options.instrument
        self.lines, self.edit = MessageLine(), LineEdit()
        self.history: deque[str] = deque(maxlen=200)
        self.command_hint, self.is_held_back = "", False
        """The hint says why an Enter sent nothing."""
        self.ticket: Ticket | None = None
        self.closing: Closing | None = None
        self.question: Question | None = None
        self.sizes = dict(options.sizes)
        self.chosen_sizes: dict[InstrumentId, Decimal] = {}
        """The quantities chosen with `:size`."""
        self.usual_sizes = UsualSizes()
        self.followed: deque[str] = deque(maxlen=_RECENT)
        """Orders which this console placed or canceled: what becomes of them is told."""
        self.muted_until = float("-inf")
        self.frame_no = self.frame_acknowledged = 0
        """Frames painted so far; a review counts once its frame was acknowledged."""
        self.review_frame: int | None = None
        self.review_at, self.go_at, self.palette_at = 0.0, 0.0, 0
        self._rang_at, self._doubts = float("-inf"), DoubtBell()
        self.after_view: list[Callable[[], None]] = []
        self.router = Router(self)

    # -- from the engine --------------------------------------------------------------------------------

    def on_view(self, view: View) -> None:
        """A new View; the first one chooses the ladder's instrument, and ends what was before us."""
        if self.store.view is None and not self.options.since:
            line = self.absence.line(view)
            if line:
                self.lines.message = Message(line, "base", self.clock(), is_digest=True)
        self.store.show(view, self.clock())
        self.usual_sizes.see(view.orders)
        if self._doubts.is_due(view):
            self.ring()
        known = {each.instrument_id for each in view.instruments}
        if self.instrument_id not in known and view.instruments:
            self.show_instrument(view.instruments[0].instrument_id)
        self.tour.view_seen(view)
        for call in self.after_view:
            call()

    def on_entries(self, entries: tuple[LogEntry, ...]) -> None:
        """New log entries; the last worth a line is shown, alarms ring."""
        for entry in self.store.append(entries, self.clock()):
            if self.store.is_history(entry):
                self.absence.count(entry)
                continue
            self.tour.entry_seen(entry)
            if entry.replaces in self.followed:
                self.followed.append(entry.client_order_id)
            self.lines.tell(entry, self.clock(), is_mine=entry.client_order_id in self.followed)
            if entry.severity is Severity.CRIT or entry.kind == "kill":
                self.ring(is_critical=True)

    def on_ack(self, ack: Ack) -> None:
        """An answer; commands with their own reaction have had it. A few orders' fate is told to the end."""
        shown = self.store.answered(ack, self.clock())
        if shown is not None and len(ack.client_order_ids) <= _FEW:
            self.followed.extend(ack.client_order_ids)
        if shown is not None and shown.text:
            self.say(fmt.clean(shown.text), "good" if shown.is_ok else "warn")

    def on_link(self, link: Link) -> None:
        """The link changed."""
        had_control, was_observer = self.store.has_control, self.store.is_observer
        self.store.linked(link, self.clock())
        if link.state is not LinkState.UP:
            self.asking.forget()
        if had_control and not link.has_control and link.text:
            self.say(fmt.clean(link.text), "warn")
        elif was_observer and link.has_control:
            self.say(texts.link.CONTROL_HERE, "warn")

    def show_instrument(self, instrument_id: InstrumentId) -> None:
        """Put another instrument into the ladder."""
        self.instrument_id = instrument_id
        self.cursors["ladder"].clear()
        self.shell.watch_instrument(instrument_id)

    @property
    def picture(self) -> Picture | None:
        """What the panes are drawn from; None before the first View."""
        if self.frozen is not None or self.store.view is None or self.store.names is None:
            return self.frozen
        return Picture(self.store.view, self.store.names, self.store.fills, self.store.log)

    @property
    def frozen_s(self) -> float | None:
        """How long the panes stand still; None while they move."""
        return None if self.frozen is None else self.clock() - self.frozen.frozen_at

    def thaw(self) -> None:
        """The panes move again."""
        self.frozen = None

    def selected_text(self) -> str:
        """The focused pane's selected row as words; empty without one."""
        content, key = self.contents.get(self.focus), self.cursors[self.focus].key
        rows = () if content is None or key is None else content.rows
        row = next((row for row in rows if row.key == key), None)
        return "" if row is None else " ".join("".join(part for part, _ in row.line).split())

    def shown_keys(self, pane: str) -> list[str]:
        """The rows of a pane in the last frame: what is filtered away isn't acted upon."""
        content = self.contents.get(pane)
        return [] if content is None else [row.key for row in content.rows if row.key]

    def choose_size(self, instrument_id: InstrumentId, quantity: Decimal) -> None:
        """What tickets of an instrument start with; one more of its sizes."""
        self.sizes[instrument_id] = tuple(sorted({*self.sizes.get(instrument_id, ()), quantity}))
        self.chosen_sizes[instrument_id] = quantity

    # -- talking ----------------------------------------------------------------------------------------

    def say(self, text: str, tone: str = "base", *, for_s: float = float("inf")) -> None:
        """Put a line into the message line; `for_s`: what means nothing later than that."""
        now = self.clock()
        self.lines.message = Message(text, tone, now, until=now + for_s)

    def say_again(self, text: str) -> None:
        """The banner of a key that acts on its second press: it goes when that would be a first one again."""
        self.say(text, "warn", for_s=DoublePress.MAX_S)

    def refuses(self) -> bool:
        """True, and said, if another console has control: no question whose answer could do nothing."""
        if self.store.is_observer:
            self.say_no_control()
        return self.store.is_observer

    def say_no_control(self) -> None:
        """Why nothing is opened here: another console has control, or no engine is there to ask."""
        self.say(texts.guards.OBSERVER if self.store.is_observer else texts.link.NO_LINK, "warn")

    @property
    def message(self) -> Message | None:
        """What the message line says."""
        return self.lines.message

    def hush(self) -> None:
        """Empty the message line."""
        self.lines.message = None

    def ring(self, *, is_critical: bool = False) -> None:
        """Ring at most once in 2 s; muted bells ring for critical things only."""
        now = self.clock()
        is_muted = now < self.muted_until and not is_critical
        if is_muted or not self.options.has_bell or now - self._rang_at < BELL_EVERY_S:
            return
        self._rang_at = now
        self.shell.ring()

    def send(self, command: AnyCommand, what: str, on_ack: OnAck | None = None) -> bool:
        """Send a command; says so if it can't leave. `what` names it when no answer comes."""
        if not self.shell.fire(command):
            if what:
                self.say(texts.link.not_sent(what), "warn")
            return False
        self.store.sent(command, what, self.clock(), on_ack)
        return True

    # -- keys -------------------------------------------------------------------------------------------

    def paste(self, text: str) -> None:
        """Pasted text goes to a focused input only: one line, cleaned, never submitted."""
        line = text.strip().splitlines()[0] if text.strip() else ""
        if self.mode is Mode.PANES and self.armed.is_on:
            self.armed.stop()
            self.say(texts.arming.disarmed(texts.arming.BURST), "warn")
        elif self.mode in LINES:
            self.edit.insert(line)
            self.router.on_paste[self.mode]()
        elif self.mode is not Mode.TICKET or self.ticket is None:
            self.say(texts.guards.PASTED, "muted")
        elif self.ticket.paste(line):
            self.router.on_paste[self.mode]()
        else:
            self.say(texts.ticket.NOT_PASTED, "warn")

    @property
    def is_typing(self) -> bool:
        """True while printable keys go into a text."""
        if self.mode is Mode.TICKET:
            return self.ticket is not None and self.ticket.is_text
        return self.mode in LINES

    def kill(self, reason: str) -> None:
        """The kill itself; no question any more."""
        self.thaw()
        self.armed.stop()
        self.mode, self.ticket, self.closing, self.question = Mode.PANES, None, None, None
        self.say(texts.kill.SENT, "crit")
        self.ring(is_critical=True)
        self.shell.kill(reason)

    # -- frames -----------------------------------------------------------------------------------------

    def ask(self, text: str, on_yes: Callable[[], None]) -> None:
        """Put a yes-or-no question on the strip."""
        self.question = Question(text, on_yes, self.frame_no + 1, self.clock())
        self.mode = Mode.CONFIRM

    def was_seen(self, frame: int, since: float) -> bool:
        """True once the terminal has drawn a frame, and somebody had time to read it."""
        return self.frame_acknowledged >= frame and self.clock() - since >= READ_S

    def painted(self, frame_no: int) -> None:
        """A frame was handed to the terminal: banners of guarded keys count from here."""
        self.frame_no = frame_no
        self.drawn.painted(frame_no, self.contents.get("ladder"), self.cursors["ladder"].top)
        for double in self.doubles.values():
            double.painted()

    def guarded(self, name: str, target: object) -> Stroke:
        """One press of a key that needs two."""
        return self.doubles[name].press(self.clock(), target)


def kill_answer(outcome: KillOutcome) -> tuple[str, str]:
    """Who has taken the kill up."""
    if not outcome.is_taken_up:
        return texts.kill.failed("; ".join(fmt.clean(each) for each in outcome.failures)), "crit"
    who = [
        name
        for name, word in (("engine", outcome.engine), ("guardian", outcome.guardian))
        if word is not None
    ]
    ack = "" if outcome.engine is None else fmt.clean(outcome.engine.text)
    return texts.kill.taken_up(" and ".join(who), ack), "crit"

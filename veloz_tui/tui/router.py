"""From a key to what it does: kill first, then modes, then the guards of the panes' keys."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import KillPrepare
from veloz_tui.tui import keys, texts
from veloz_tui.tui.keymap import ANY_PANE, HELP, Action, Danger
from veloz_tui.tui.kill import Stroke
from veloz_tui.tui.modes import Mode

if TYPE_CHECKING:
    from veloz_tui.tui.session import Session


class Router:
    """One console's keys. `on_key` and `on_action` are filled in by the parts that act."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self.burst = keys.BurstGuard()
        self.on_key: dict[Mode, Callable[[str, str | None], None]] = {}
        self.on_action: dict[str, Callable[[], None]] = {}
        self.on_paste: dict[Mode, Callable[[], None]] = {}
        """What a paste into the line means, beyond its text."""
        self._held: list[tuple[str, str | None]] = []
        self._held_for_s = 0.0
        self._holds = 0
        self._strokes, self._struck_at = 0, float("-inf")

    def press(self, key: str, character: str | None) -> None:
        """One key, from anywhere. Kill comes first, whatever has the focus."""
        if keys.is_lone_modifier(key):
            return
        now = self._session.clock()
        before, self._struck_at = self._struck_at, now
        self._strokes += 1
        self._session.armed.active(now)
        name = keys.binding_key(key, character)
        kill = self._session.keymap.find(name)
        if kill is not None and kill.danger is Danger.KILL:
            self._kill_stroke(now)
            return
        if self._session.kill_key.is_armed(now) and not self._stand_down(key, character):
            return
        if kill is not None and kill.id != "leave":
            self.run(kill)
            return
        if kill is not None:
            self._leave(kill, now - before)
            return
        if self._session.mode in self.on_key:
            self.on_key[self._session.mode](key, character)
            return
        self._pane_key(name, character, now)

    def _leave(self, action: Action, since_s: float) -> None:
        if since_s <= keys.BurstGuard.BURST_S:
            self._session.say(texts.guards.BURST, "warn")
        else:
            self.when_alone(partial(self.run, action))

    def when_alone(self, call: Callable[[], None]) -> None:
        """Call in a moment if no key follows: what leaves the console would let a shell have the rest."""
        strokes = self._strokes

        def act() -> None:
            if self._strokes == strokes:
                call()

        self._session.shell.after(keys.BurstGuard.HOLD_S[Danger.INCREASES], act)

    def _kill_stroke(self, now: float) -> None:
        self._held.clear()
        if self._session.kill_key.press(now) is Stroke.FIRST:
            self._session.tour.done("kill_once")
            self._session.send(KillPrepare(command_id=new_command_id()), "", lambda _ack: None)
            self._session.shell.prepare_kill()
            return
        self._session.kill("kill key")

    def _stand_down(self, key: str, character: str | None) -> bool:
        """Any other key disarms; True if the key shall still do its work: a character into a text."""
        self._session.kill_key.stand_down()
        self._session.say(texts.kill.STOOD_DOWN, "muted")
        swallowed = {"enter", "tab", "shift+tab", "escape"}
        return self._session.is_typing and key not in swallowed

    def _pane_key(self, name: str, character: str | None, now: float) -> None:
        context = HELP if self._session.mode is Mode.HELP else self._session.focus
        action = self._session.keymap.find(name, context, ANY_PANE)
        printable = character is not None and character.isprintable()
        harmless = action is not None and action.danger is Danger.NONE
        if self.burst.press(name, now, printable=printable, bound=action is not None, harmless=harmless):
            self._held.clear()
            self._session.armed.stop()
            self._session.say(texts.guards.BURST, "warn")
            return
        hold_s = 0.0 if action is None else keys.BurstGuard.HOLD_S.get(action.danger, 0.0)
        if self._held or hold_s:
            self._hold(name, character, hold_s)
        else:
            self._run_or_refuse(action, name, now)

    def _hold(self, name: str, character: str | None, for_s: float) -> None:
        # A key with a longer hold puts off what waits before it: they act in order.
        is_longer = not self._held or for_s > self._held_for_s
        self._held.append((name, character))
        if is_longer:
            self._held_for_s = for_s
            self._holds += 1
            self._session.shell.after(for_s, partial(self._release, self._holds))

    @property
    def is_holding(self) -> bool:
        """True while keys wait to see whether they are the head of a burst."""
        return bool(self._held)

    def is_burst(self, key: str, character: str | None) -> bool:
        """Count a key which a mode of its own has taken; True (and said) if nobody meant it as a command."""
        printable = character is not None and character.isprintable()
        if self.burst.press(key, self._session.clock(), printable=printable, bound=True, harmless=False):
            self._session.say(texts.guards.BURST, "warn")
            return True
        return False

    def _release(self, hold: int) -> None:
        """The head of no burst: what was held may act, in order."""
        if hold != self._holds:
            return
        held, self._held = self._held, []
        if (
            sum(1 for _, character in held if character is not None and character.isprintable())
            >= keys.BurstGuard.HELD_KEYS
        ):
            self.burst.lock(self._session.clock())
            self._session.say(texts.guards.BURST, "warn")
            return
        for name, character in held:
            if self._session.mode in self.on_key:
                self.on_key[self._session.mode](name, character)
            else:
                self._run_or_refuse(
                    self._session.keymap.find(name, self._session.focus, ANY_PANE),
                    name,
                    self._session.clock(),
                )

    def _run_or_refuse(self, action: Action | None, name: str, now: float) -> None:
        if action is None:
            if name not in {"enter"}:
                self._session.say(texts.guards.UNKNOWN_KEY, "muted")
        elif action.danger is not Danger.NONE and self.burst.is_word(now):
            self._session.say(texts.guards.WORD, "warn")
        elif action.danger is not Danger.NONE and self.burst.is_locked(now):
            self._session.say(texts.guards.LOCKED, "warn")
        elif self._session.frozen is not None and action.danger is not Danger.NONE and action.id != "detach":
            self._session.say(texts.screens.FROZEN_KEYS, "warn")
        else:
            self._session.arrangements[self._session.focus].touch(now)
            self.run(action)

    def choose(self, action: Action) -> None:
        """Do by name what its key does, behind the same guards; kill is a stroke of the kill key."""
        if action.danger is Danger.KILL:
            self._kill_stroke(self._session.clock())
        else:
            self._run_or_refuse(action, action.id, self._session.clock())

    def run(self, action: Action) -> None:
        """Do what a key stands for."""
        call = self.on_action.get(action.id)
        if call is not None:
            call()

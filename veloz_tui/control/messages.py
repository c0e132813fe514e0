"""The wire between engine and consoles: msgpack frames over a WebSocket on a Unix socket.

A console says Hello, is answered by Welcome (or Refused, then the socket closes), then sends Requests and
Questions. The engine sends Snapshots (latest wins, at most 10 a second), Entries (numbered, never conflated),
Answers and Replies.
"""

import msgspec

from veloz_tui.domain.commands import AnyCommand
from veloz_tui.domain.queries import Query, Told
from veloz_tui.domain.types import Mode
from veloz_tui.domain.views import Ack, LogEntry, View

PROTOCOL = 3
MAX_FRAME_BYTES = 65_536
"""From a console; the engine's own frames may be larger."""


class Hello(msgspec.Struct, frozen=True, tag=True):
    """The first frame. `token` is the session token from the profile's runtime folder (0600)."""

    protocol: int
    name: str
    """`pid 812 pts/3`"""
    token: str
    wants_control: bool = True
    """False: an observer, which may only kill."""
    wants_views: bool = True
    """False: a script that says one thing and leaves. It may act without holding the lease."""
    views_hz: float = 10.0
    log_since: int | None = None
    """Send the entries after this seq; None: only new ones."""


class Request(msgspec.Struct, frozen=True, tag=True):
    command: AnyCommand


class Question(msgspec.Struct, frozen=True, tag=True):
    """Only to know: observers may ask too. `question_id` is the console's own number."""

    question_id: int
    query: Query


FromConsole = Hello | Request | Question


class Welcome(msgspec.Struct, frozen=True, tag=True):
    protocol: int
    profile: str
    mode: Mode
    engine_pid: int
    version: str
    has_control: bool
    log_seq: int
    guardian_path: str = ""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why the console can't come in, and what to do."""

    text: str


class Snapshot(msgspec.Struct, frozen=True, tag=True):
    view: View


class Entries(msgspec.Struct, frozen=True, tag=True):
    entries: tuple[LogEntry, ...]


class Answer(msgspec.Struct, frozen=True, tag=True):
    ack: Ack


class Reply(msgspec.Struct, frozen=True, tag=True):
    """The one answer to a question."""

    question_id: int
    told: Told


class ControlChanged(msgspec.Struct, frozen=True, tag=True):
    """Whether this console may change things now, and who can otherwise."""

    has_control: bool
    holder: str
    text: str = ""


FromEngine = Welcome | Refused | Snapshot | Entries | Answer | Reply | ControlChanged

"""The wire between guardian and engine: one JSON line a message, over an inherited socketpair.

Guardian to engine: EngineStart first (with the keys: they never touch a file, an argument or the
environment), then kills. Engine to guardian: Beats from its event loop, and what became of a kill.
"""

import msgspec

from veloz_tui.config.plain import Settings

MAX_LINE_BYTES = 262_144


class KeyMaterial(msgspec.Struct, frozen=True, tag=True):
    """One venue's API key. `secret` is an HMAC secret or an Ed25519 private key as PEM."""

    venue: str
    api_key: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyMaterial(venue={self.venue!r}, ***)"


class EngineStart(msgspec.Struct, frozen=True, tag=True):
    """Everything an engine needs besides its profile's files."""

    settings: Settings
    keys: tuple[KeyMaterial, ...]
    sim_port: int | None = None
    """DEMO: where the simulated venue listens."""
    sim_id: str = ""
    guardian_socket: str = ""
    is_restart: bool = False
    """The engine before it died: strategies stay stopped."""


class KillEngine(msgspec.Struct, frozen=True, tag=True):
    """Kill through the engine: gate, cancels, sweep. It answers with KillState until certified."""

    kill_id: str
    by: str
    reason: str


class PrepareKill(msgspec.Struct, frozen=True, tag=True):
    """A kill may come: warm up."""


class StopEngineRequest(msgspec.Struct, frozen=True, tag=True):
    """Leave cleanly."""

    reason: str


class GuardianWatches(msgspec.Struct, frozen=True, tag=True):
    """The first word of a guardian that the engine started: it has the lock and its socket."""

    pid: int


ToEngine = EngineStart | KillEngine | PrepareKill | StopEngineRequest | GuardianWatches


class Beat(msgspec.Struct, frozen=True, tag=True):
    """Ten times a second, from the engine's event loop: a blocked loop misses beats."""

    pid: int
    epoch: int
    phase: str
    """`STARTING` until every venue was reconciled once, then `READY`; `STOPPING` on the way out."""
    durable_seq: int = 0
    instruments: tuple[str, ...] = ()
    """Every instrument that may have orders: what a fenced engine's kill must sweep."""


class KillState(msgspec.Struct, frozen=True, tag=True):
    """How far a kill is: stage -> milliseconds since it began."""

    kill_id: str
    stamps: dict[str, float]
    canceled: int = 0
    total: int = 0
    unverified: tuple[str, ...] = ()


class AdoptEngine(msgspec.Struct, frozen=True, tag=True):
    """The engine's first word to a guardian that it started itself: it hands the keys back."""

    engine_pid: int
    settings: Settings
    keys: tuple[KeyMaterial, ...]
    sim_port: int | None
    sim_id: str


class EngineRearmed(msgspec.Struct, frozen=True, tag=True):
    """The re-arm is durable; the engine removed the kill flag."""

    level: str


class EngineLeaving(msgspec.Struct, frozen=True, tag=True):
    """A clean end: not a death to act on. `is_shutdown`: the guardian should end too."""

    reason: str
    is_shutdown: bool = True


FromEngine = Beat | KillState | AdoptEngine | EngineRearmed | EngineLeaving


def encode(message: ToEngine | FromEngine) -> bytes:
    return msgspec.json.encode(message) + b"\n"


_to_engine: msgspec.json.Decoder[ToEngine] = msgspec.json.Decoder(ToEngine)
_from_engine: msgspec.json.Decoder[FromEngine] = msgspec.json.Decoder(FromEngine)


def decode_to_engine(line: bytes) -> ToEngine:
    """Raises msgspec.DecodeError for anything else."""
    return _to_engine.decode(line)


def decode_from_engine(line: bytes) -> FromEngine:
    """Raises msgspec.DecodeError for anything else."""
    return _from_engine.decode(line)

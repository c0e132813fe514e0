"""What can go wrong between a console and the engine or its guardian."""

from pathlib import Path

from veloz_tui.domain.errors import OperatorError


class EngineNotRunning(OperatorError):
    """Nobody listens on the profile's socket."""

    exit_code = 4

    @classmethod
    def at(cls, path: Path) -> "EngineNotRunning":
        return cls(f"no engine is running – nobody listens at {path} – start it: veloz")


class GuardianNotRunning(OperatorError):
    """Nobody listens on the guardian's socket."""

    exit_code = 4

    @classmethod
    def at(cls, path: Path) -> "GuardianNotRunning":
        return cls(f"no guardian is running – nobody listens at {path} – start it: veloz")


class RefusedByEngine(OperatorError):
    """The engine is there and doesn't let us in; the text says why."""


class LinkLost(OperatorError):
    """The other side closed the connection, went away or doesn't answer. Nothing of ours was sent."""


class Unconfirmed(OperatorError):
    """The command was sent and has no answer: it may or may not have been acted on."""

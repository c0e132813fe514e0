"""Panes, screens, the palette and the command line."""

from collections.abc import Sequence

from veloz_tui.tui import fmt

ZOOMED = "(z: all panes)"
FREEZE = "Frozen: panes stand still, trading keys are off, kill works; f goes on"
THAWED = "The panes move again"
FROZEN_KEYS = "FROZEN: the panes are old, trading keys are off (kill works); f goes on"


def frozen(seconds: float) -> str:
    """In status line 1."""
    return f"FROZEN {fmt.age(seconds)}"


def copied(text: str, *, is_in_tmux: bool) -> str:
    """After y; whether the terminal took it nobody tells us."""
    hint = "   [nothing to paste? tmux set -g set-clipboard on]" if is_in_tmux else ""
    return f"COPY {text}{hint}"


NO_SCREEN = "No such screen: g, then wait, shows the letters"
PAGE_KEYS = "(g t: all panes)"
GO_TO = "go to:"
PALETTE_WORD = "a command: its words come next"
PALETTE_NONE = "No action of that name"


def palette_name(action_id: str) -> str:
    """An action as people type it."""
    return action_id.replace("_", " ")


COMMAND_HELP = (
    "buy 0.05 btc @bid | cancel all | strategy start NAME | rearm exits | q     Tab completes, Esc leaves"
)
NO_COMPLETION = "nothing fits here"


def themes(names: Sequence[str]) -> str:
    """`:theme` alone."""
    numbered = ", ".join(f"{number} {name}" for number, name in enumerate(names, 1))
    return f"themes: {numbered}. :theme NAME or :theme 1 changes"


def no_help(word: str) -> str:
    """`:help` with a word that is no command."""
    return f"no command {word}: ? lists the keys, Tab after : the commands"


def not_here(name: str) -> str:
    """A word of the grammar this console can't do."""
    return f"{name}: not in this console yet"

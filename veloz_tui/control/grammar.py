"""The words after `:` and after `veloz`, one grammar for both. Pure: no clock, no randomness, never raises.

```
(buy|sell) QTY INST (@PRICE|@bid[±Nt]|@ask[±Nt]|@mid|market|stop P [@P]) [post|ioc|fok|gtc] [reduce]
amend ID [@PRICE] [qty Q] [stop P]    cancel ID.. | all [INST] [VENUE] [by NAME] [stops] [external]
close INST [PCT]   flatten INST|all   strategy start|stop|pause NAME [keep]   pause|resume|reduce   kill
strategy set NAME KEY=VALUE..   strategy reset NAME [KEY..]   strategy show NAME
rearm exits|full [PROFILE]   control take   shutdown [cancel]   arm|watch|book INST   filter EXPR   size Q
theme N   export PANE FILE   report daily   tour [off]   help [VERB]   say   q|wq
QTY = 0.5 | 1000u | 10ku (quote) | 25% (of free) | max | pos      ID = any suffix only one order has
```
"""

import difflib
import re

from veloz_tui.control.grammar_completion import complete, hints
from veloz_tui.control.grammar_types import (
    Fault,
    GrammarContext,
    GrammarError,
    LocalCommand,
    Parsed,
)
from veloz_tui.control.grammar_values import shown
from veloz_tui.control.grammar_verbs import VERBS

__all__ = ["GrammarContext", "GrammarError", "LocalCommand", "Parsed", "complete", "hints", "parse"]

MAX_LENGTH = 512

# `@ 64,123` and `@bid - 2t` are one word each.
_LOOSE_AT = re.compile(r"@\s+")
_LOOSE_TICKS = re.compile(r"(@(?:bid|ask))\s*([+-])\s*([0-9]{1,6}t)\b", re.IGNORECASE)


def parse(text: str, context: GrammarContext) -> Parsed | GrammarError:
    """Say what a line means, or why it means nothing."""
    if len(text) > MAX_LENGTH:
        return GrammarError(f"longer than {MAX_LENGTH} characters")
    words = _LOOSE_TICKS.sub(r"\1\2\3", _LOOSE_AT.sub("@", text)).split()
    if words and words[0].startswith(":"):
        words = [words[0][1:], *words[1:]] if len(words[0]) > 1 else words[1:]
    if not words:
        return GrammarError("write a command, as in: buy 0.5 btc @64,123.60", tuple(VERBS))
    verb = VERBS.get(words[0].lower())
    if verb is None:
        return _unknown(words[0])
    try:
        return verb(words[1:], context)
    except Fault as error:
        return GrammarError(error.text, error.choices)
    except ArithmeticError:
        return GrammarError("these numbers can't be computed with: write the price and quantity in digits")


def _unknown(word: str) -> GrammarError:
    alike = tuple(difflib.get_close_matches(word.lower()[:40], VERBS, n=3, cutoff=0.6))
    hint = f"did you mean {' or '.join(alike)}?" if alike else "Tab lists the commands"
    return GrammarError(f"no command {shown(word)}: {hint}", alike)

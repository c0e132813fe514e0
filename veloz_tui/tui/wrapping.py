"""Sentences on few lines, broken at spaces; a refusal loses what helps least where that saves a line."""

import re
from typing import Final

from veloz_tui.tui import fmt, texts

_LEAST_HELPFUL: Final = (
    re.compile(r" \[[A-Z][A-Z0-9_]*\](?=$|  )"),  # the code
    re.compile(r"(?<=\.) Nothing sent\."),  # DENIED says it
    re.compile(r" or (raise )?limits\.[\w.-]*\w(?=$|  )"),  # the remedy that isn't at hand
)


def told(text: str, width: int, most: int = 3) -> list[str]:
    """The text in as few lines as can tell it, `most` at most; no more is left out than that needs."""
    return _clipped(min((_broken(each, width) for each in _versions(text)), key=len), width, most)


def wrapped(text: str, width: int) -> tuple[str, str]:
    """The text in two lines."""
    first, *rest = wrapped_lines(text, width, 2)
    return first, "".join(rest)


def wrapped_lines(text: str, width: int, most: int) -> list[str]:
    """The text in as many lines as it takes; one too long for `most` ends with `~`."""
    return _clipped(_broken(text, width), width, most)


def _versions(text: str) -> list[str]:
    versions = [text]
    if text.startswith("DENIED "):
        for least in _LEAST_HELPFUL:
            versions.append(least.sub("", versions[-1]))
    return [*versions, text.removesuffix(texts.tour.OFF)]


def _broken(text: str, width: int) -> list[str]:
    lines: list[str] = []
    while len(text) > width:
        at = text.rfind(" ", 0, width + 1)
        at = at if at > 0 else width
        lines.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*lines, text.rstrip()]


def _clipped(lines: list[str], width: int, most: int) -> list[str]:
    kept = [fmt.fit_text(line, width).rstrip() for line in lines[:most]]
    if len(lines) > most:
        kept[-1] = fmt.fit_words(f"{lines[most - 1]} {' '.join(lines[most:])}", width).rstrip()
    return kept

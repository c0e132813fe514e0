"""Which line of a TOML document sets which key. `tomllib` parses it but forgets where it was.

The document is known to be valid: this walks over its statements and skips the values.
"""

import re
from collections.abc import Iterator

KeyPath = tuple[str, ...]

_KEY_PART = re.compile(r'[ \t]*(?:"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|([A-Za-z0-9_-]+))[ \t]*')
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_REST_OF_LINE = re.compile(r"[^\n]*")
# What can stand in a value: strings of four kinds, brackets, comments, line ends, anything else.
_VALUE_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[\[{]|[\]}]|#[^\n]*|\n|[^\"'\[\]{}#\n]+",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map every table and key to its line (from 1). Keys inside an inline table have its line."""
    lines: dict[KeyPath, int] = {}
    for path, offset in _statements(text):
        for depth in range(1, len(path) + 1):
            lines.setdefault(path[:depth], text.count("\n", 0, offset) + 1)
    return lines


def line_of(path: KeyPath, lines: dict[KeyPath, int]) -> int | None:
    """Return the line of a key, or of the nearest table around it."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in lines:
            return lines[path[:depth]]
    return None


def _statements(text: str) -> Iterator[tuple[KeyPath, int]]:
    # Yields each table header and each key with the offset it begins at.
    table: KeyPath = ()
    position = _end(_BLANK, text, 0)
    while position < len(text):
        start = position
        if text[position] == "[":
            brackets = 2 if text.startswith("[[", position) else 1
            table, position = _key(text, position + brackets)
            yield table, start
            position = _end(_REST_OF_LINE, text, position)
        else:
            key, position = _key(text, position)
            yield table + key, start
            position = _skip_value(text, position)
        position = max(_end(_BLANK, text, position), start + 1)


def _key(text: str, position: int) -> tuple[KeyPath, int]:
    parts: list[str] = []
    while match := _KEY_PART.match(text, position):
        quoted, literal, bare = match.groups()
        parts.append(next(part for part in (quoted, literal, bare) if part is not None))
        position = match.end()
        if not text.startswith(".", position):
            break
        position += 1
    return tuple(parts), position


def _skip_value(text: str, position: int) -> int:
    depth = 0
    while match := _VALUE_TOKEN.match(text, position):
        text_part = match[0]
        if text_part == "\n" and depth == 0:
            break
        depth += (text_part in "[{") - (text_part in "]}")
        position = match.end()
    return position


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position

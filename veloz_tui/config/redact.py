"""Keeps secrets out of logs and tracebacks: every secret this process knows, and what looks like one.

Masked are the exact text and its base64, URL-encoded, JSON-escaped and hex forms, and by pattern the
parameters, headers and keys that carry secrets on the venues' wires.
"""

import base64
import json
import logging
import re
import sys
import threading
import traceback
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from types import TracebackType
from urllib.parse import quote, quote_plus

from veloz_tui.config.secret import SHORTEST_MASKED, remembered_secrets

MASK = "***"
SHORTEST_LINE = 16  # of a PEM's lines, those that are key material

_NAMES = (
    r"signature|api_?key|secret(?:_?key)?|private_?key|listen_?(?:key|token)|pass(?:word|phrase|wd)|(?:access_?|auth_?)?token"
    r"|x-mbx-apikey|ok-access-(?:key|sign|passphrase)|cb-access-(?:key|sign|passphrase)|authorization"
)
_PEM_KEY = r"PRIVATE KEY-----"
_PATTERNS = (
    re.compile(rf"-----BEGIN [A-Z0-9 ]*{_PEM_KEY}.*?(?:-----END [A-Z0-9 ]*{_PEM_KEY}|\Z)", re.DOTALL),
    re.compile(r"(?i)(?<![\w-])(authorization[\"']?\s*[:=,]\s*[\"']?(?:bearer|basic)\s+)[^\s\"',;)}\]]+"),
    # a=x  a: x  "a": "x"  'a': b'x'  ('a', 'x'), and with the quotes escaped: JSON inside JSON
    re.compile(
        rf"(?i)(?<![\w-])((?:{_NAMES})(?:\\?[\"']\s*,|\\?[\"']?\s*[:=])\s*b?\\?[\"']?)"
        rf"(?!{re.escape(MASK)})[^\s\"'&,;)}}\]\\]+"
    ),
)

_HINTS = ("gnature", "key", "secret", "pass", "token", "author", "access")
"""Each match of the patterns after the first holds one of these: most texts hold none, and need no search."""

_built: tuple[int, re.Pattern[str] | None] = (-1, None)
_log = logging.getLogger("veloz_tui.crash")


def redacted(text: str) -> str:
    """Return `text` with every secret masked."""
    known = _known_pattern()
    if known is not None:
        text = known.sub(MASK, text)
    folded = text.casefold()  # as re.IGNORECASE sees it
    has_hint = any(hint in folded for hint in _HINTS)
    for pattern in _PATTERNS if has_hint else _PATTERNS[:1]:
        text = pattern.sub(lambda match: f"{match[1] if match.re.groups else ''}{MASK}", text)
    return text


def _known_pattern() -> re.Pattern[str] | None:
    global _built  # noqa: PLW0603 - a cache, built again when a secret was added
    generation, secrets = remembered_secrets()
    if _built[0] != generation:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST_MASKED}
        longest_first = sorted(forms, key=len, reverse=True)
        _built = (generation, re.compile("|".join(map(re.escape, longest_first))) if forms else None)
    return _built[1]


def _forms(secret: str) -> Iterator[str]:
    # The ways a secret can be spelled in a URL, a header, JSON, a repr or a dump.
    raw = secret.encode()
    yield secret
    # Not a PEM's first and last line: they say nothing, and masked they would hide what they enclose.
    yield from (line for line in secret.splitlines() if len(line) >= SHORTEST_LINE and line[:5] != "-----")
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield from (raw.hex(), raw.hex().upper())
    for offset in range(3):  # base64 of something that contains it, such as user:password
        first, last = (offset * 4 + 2) // 3, ((offset + len(raw)) * 4) // 3
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            yield alphabet(b"\0" * offset + raw).decode()[first:last]


class RedactingFilter(logging.Filter):
    """Masks secrets in a record before any handler formats it. Goes on handlers, not on loggers."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redacted(_message(record)), None
        if record.exc_info:
            record.exc_text = redacted("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
            record.exc_info = None
        elif record.exc_text:
            record.exc_text = redacted(record.exc_text)
        if record.stack_info:
            record.stack_info = redacted(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # arguments that don't fit the text: say both
        return f"{record.msg} {record.args!r}"


def redacted_traceback(error: BaseException) -> str:
    """Format an error without locals and without secrets."""
    return redacted("".join(traceback.format_exception(error)))


def install_hooks() -> None:
    """Send what nobody caught, here and in threads, to the log and redacted to standard error."""
    sys.excepthook = _on_error
    threading.excepthook = _on_thread_error
    sys.unraisablehook = _on_unraisable


def asyncio_exception_handler(loop: AbstractEventLoop, context: dict[str, object]) -> None:
    """For `loop.set_exception_handler`: log, redacted, what no task or callback caught."""
    error = context.get("exception")
    trace = redacted_traceback(error) if isinstance(error, BaseException) else ""
    _log.error("%s\n%s", context.get("message", "unhandled error in the event loop"), trace)


def _on_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    text = redacted_traceback(error.with_traceback(trace))
    if not issubclass(kind, KeyboardInterrupt):
        _log.critical("uncaught error\n%s", text)
    _say(text)


def _on_thread_error(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is None or arguments.exc_type is SystemExit:
        return
    name = arguments.thread.name if arguments.thread else "?"
    _log.critical("uncaught error in thread %s\n%s", name, redacted_traceback(arguments.exc_value))


def _on_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    # Not `unraisable.object`: its repr may say anything, and it may be half destroyed.
    text = redacted_traceback(unraisable.exc_value) if unraisable.exc_value else ""
    _log.error("%s\n%s", unraisable.err_msg or "error that could not be raised", text)


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)

"""Log files: JSON lines, redacted, rotated, private; never the terminal."""

import json
import logging
import os
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from veloz_tui.config.filesystem import ensure_private_directory, open_private
from veloz_tui.config.redact import RedactingFilter, install_hooks

FILE_BYTES = 5_000_000
FILES = 5
LONGEST_TEXT = 20_000

# httpx logs every URL at INFO, signature included; websockets logs frames at DEBUG.
NOISY = ("httpx", "httpcore", "websockets", "aiohttp", "asyncio", "keyring", "hpack")


def configure_logging(log_dir: Path, process_name: str, *, level: str = "INFO") -> Path:
    """Send every logger of this process to `log_dir/process_name.log` and return that path.

    One process a name: two that rotate the same file lose lines. Uncaught errors go there too.
    """
    ensure_private_directory(log_dir)
    path = log_dir / f"{process_name}.log"
    handler = PrivateRotatingFile(path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8")
    handler.addFilter(RedactingFilter())
    handler.setFormatter(JsonFormatter(process_name))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    install_hooks()
    return path


class JsonFormatter(logging.Formatter):
    """One record, one line of JSON. Control characters arrive escaped, so no line can fake another."""

    def __init__(self, process_name: str) -> None:
        super().__init__()
        self._process = f"{process_name}[{os.getpid()}]"

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "process": self._process,
            "logger": record.name,
            "message": _bounded(record.getMessage()),
        }
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            fields["exception"] = _bounded(record.exc_text)
        if record.stack_info:
            fields["stack"] = _bounded(record.stack_info)
        return json.dumps(fields, ensure_ascii=False)


class PrivateRotatingFile(RotatingFileHandler):
    """A rotating file that is 0600 from its first byte, and silent when the disk is full.

    logging's own answer to a failed write is a traceback with the record's arguments on standard
    error: in the middle of the console, and not redacted. Failures are counted instead.
    """

    failures = 0

    def _open(self) -> TextIOWrapper:
        descriptor = open_private(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND)
        return os.fdopen(descriptor, "a", encoding=self.encoding)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        self.failures += 1


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"

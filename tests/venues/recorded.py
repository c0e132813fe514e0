"""Recorded venue traffic beside the checkout; absent on most machines, then the tests that read it are
skipped.
"""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2].parent / "shared" / "data"


def path(name: str) -> Path:
    """The file, or a skip with the reason."""
    found = FOLDER / name
    if not found.exists():
        pytest.skip(f"no recorded data: {name} is absent")
    return found


def stamped_lines(name: str) -> Iterator[tuple[int, bytes]]:
    """`<receive time, ns> <raw JSON>` lines."""
    with gzip.open(path(name), "rb") as lines:
        for line in lines:
            stamp, _, body = line.rstrip(b"\n").partition(b" ")
            yield int(stamp), body


def json_lines(name: str) -> Iterator[dict[str, str]]:
    """One object a line, zstandard-compressed."""
    zstandard = pytest.importorskip("zstandard")
    with path(name).open("rb") as file:
        text = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")
        for line in text:
            yield json.loads(line)

"""No secret reaches a log, whatever it is wrapped in."""

import asyncio
import base64
import json
import logging
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.config.test_secret import PEM
from veloz_tui.config.redact import MASK, RedactingFilter, asyncio_exception_handler, redacted
from veloz_tui.config.secret import Secret

CANARY = "Tr0ub4dor&3/canary+with=signs%and\"quotes'0123456"


@pytest.fixture(autouse=True)
def loaded() -> None:
    Secret(CANARY)
    Secret(PEM)


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        json.dumps(CANARY),
        repr(CANARY),
        quote(CANARY),
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        CANARY.encode().hex(),
        CANARY.encode().hex().upper(),
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
        base64.b64encode(f"user:{CANARY}".encode()).decode(),
        base64.b64encode(f"user2:{CANARY}:x".encode()).decode(),
    ],
)
def test_every_spelling_of_a_known_secret_is_masked(form: str) -> None:
    masked = redacted(f"before {form} after")
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    for start in range(len(form) - 16):
        assert form[start : start + 16] not in masked


def test_a_private_key_is_masked_whole_cut_short_and_line_by_line() -> None:
    body = PEM.splitlines()[1]
    unknown = PEM.replace(body, "NobodyHasLoadedThisKeyMaterial0123456789abcdef")
    for text in (PEM, json.dumps(PEM), repr(PEM), f"line {body} of it", unknown, unknown[:70]):
        masked = redacted(text)
        assert body not in masked
        assert "NobodyHasLoaded" not in masked


UNKNOWN = "AbCdEf0123456789xyz"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://x/api/v3/order?symbol=BTCUSDT&timestamp=1&signature={UNKNOWN} HTTP/1.1",
        f"GET https://x/api?signature={UNKNOWN}&symbol=BTCUSDT",
        f"Headers({{'host': 'x', 'x-mbx-apikey': '{UNKNOWN}'}})",
        f"[(b'X-MBX-APIKEY', b'{UNKNOWN}'), (b'a', b'b')]",
        f"X-MBX-APIKEY: {UNKNOWN}",
        f'{{"apiKey": "{UNKNOWN}", "symbol": "BTCUSDT"}}',
        f'{{"params":{{"apiKey":"{UNKNOWN}","signature":"{UNKNOWN}","timestamp":1}}}}',
        json.dumps(json.dumps({"secretKey": UNKNOWN})),
        f"{{'secret': '{UNKNOWN}'}}",
        f"listenKey={UNKNOWN}",
        f"OK-ACCESS-PASSPHRASE: {UNKNOWN}",
        f"OK-ACCESS-SIGN: {UNKNOWN}",
        f"CB-ACCESS-SIGN={UNKNOWN}",
        f"Authorization: Bearer {UNKNOWN}",
        f"password = {UNKNOWN}",
        f"\u017fignature={UNKNOWN}",
        f"API\u212aEY={UNKNOWN}",
        f"ACCE\u017f\u017f_TOKEN={UNKNOWN}",
        f"pa\u017fsphrase={UNKNOWN}",
    ],
)
def test_what_looks_like_a_secret_is_masked_though_nobody_loaded_it(text: str) -> None:
    masked = redacted(text)
    assert UNKNOWN not in masked
    assert MASK in masked


@pytest.mark.parametrize(
    "text",
    [
        "FILL BUY 0.0100 @64,123.40 maker fee 0.00001 BTC -> pos +0.45",
        "symbol=BTCUSDT&side=BUY&timestamp=1795348800123",
        "REJECTED by BIN: would take, post-only. Not in book. Price lower or drop post [-2010]",
        "the password, please",
        "monkey=1 keymap: x tokens=5",
    ],
)
def test_ordinary_lines_are_left_alone(text: str) -> None:
    assert redacted(text) == text


@given(st.text())
def test_any_text_comes_through(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text) or MASK in redacted(text)


def record(message: object, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error is not None else None
    return logging.LogRecord("x", logging.INFO, "x.py", 1, message, arguments, info)


def formatted(made: logging.LogRecord) -> str:
    RedactingFilter().filter(made)
    return logging.Formatter("%(message)s").format(made)


def test_arguments_errors_and_stacks_are_masked_before_formatting() -> None:
    try:
        raise ValueError(f"bad {CANARY}") from KeyError(CANARY)
    except ValueError as error:
        made = record("url %s %r", CANARY, {"signature": UNKNOWN}, error=error)
    made.stack_info = f"Stack: {CANARY}"
    text = formatted(made)
    assert CANARY not in text
    assert UNKNOWN not in text
    assert "ValueError: bad ***" in text
    assert "The above exception was the direct cause" in text


@pytest.mark.parametrize(
    ("message", "arguments"), [("%d", (CANARY,)), ("%s %s", (CANARY,)), (b"x", (CANARY,))]
)
def test_a_broken_log_call_is_masked_too(message: object, arguments: tuple[object, ...]) -> None:
    assert CANARY not in formatted(record(message, *arguments))


def test_the_event_loops_handler_masks(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    try:
        asyncio_exception_handler(loop, {"message": "task failed", "exception": ValueError(CANARY)})
        asyncio_exception_handler(loop, {})
    finally:
        loop.close()
    assert "task failed" in caplog.text
    assert "ValueError: ***" in caplog.text


PROGRAM = """
import asyncio, gc, logging, sys, threading, warnings
from pathlib import Path
from veloz_tui.config.logs import configure_logging
from veloz_tui.config.redact import asyncio_exception_handler
from veloz_tui.config.secret import Secret
CANARY = "Canary" + "0123456789" * 3
secret = Secret(CANARY)
path = configure_logging(Path(sys.argv[1]), "engine")
logging.getLogger("veloz_tui.net").info("GET /order?signature=%s key %s", "f00dBabe" * 8, CANARY)
logging.getLogger("httpx").info("HTTP Request: GET https://x/?signature=%s", CANARY)
logging.getLogger("veloz_tui").error("%d", CANARY)
warnings.warn("odd " + CANARY)
try:
    raise ValueError(CANARY)
except ValueError:
    logging.getLogger("veloz_tui").exception("failed")
def fail(): raise KeyError(CANARY)
thread = threading.Thread(target=fail, name="worker"); thread.start(); thread.join()
async def main():
    asyncio.get_running_loop().set_exception_handler(asyncio_exception_handler)
    async def lost(): raise OSError(CANARY)
    task = asyncio.ensure_future(lost()); await asyncio.sleep(0); await asyncio.sleep(0)
    del task; gc.collect()
asyncio.run(main())
class Bad:
    def __del__(self): raise ValueError(CANARY)
Bad()
logging.getLogger("x").info("two\\nlines \\x1b[31m")
raise RuntimeError("the end " + CANARY)
"""


def test_a_process_that_fails_in_every_way_leaves_no_trace_of_the_secret(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "logs")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    path = tmp_path / "logs/engine.log"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    everything = path.read_text() + done.stdout + done.stderr
    assert "0123456789" not in everything.replace('"Canary" + "0123456789" * 3', "")
    assert "f00dBabe" not in everything
    messages = [line["message"] for line in lines]
    assert len(lines) == 9
    assert any(message.startswith("uncaught error in thread worker") for message in messages)
    assert any("never retrieved" in message and "OSError: ***" in message for message in messages)
    assert any("ignored in" in message or "ValueError: ***" in message for message in messages)
    assert messages[-2] == "two\nlines \x1b[31m"
    assert "RuntimeError: the end ***" in messages[-1]
    assert "RuntimeError: the end ***" in done.stderr
    assert done.returncode == 1
    assert not any(line["logger"] == "httpx" for line in lines)

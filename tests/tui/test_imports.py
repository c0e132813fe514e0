"""The console starts fast because it imports little."""

import subprocess
import sys

HEAVY = (
    "httpx",
    "keyring",
    "pydantic",
    "websockets.server",
    "websockets.asyncio.server",
    "aiosqlite",
    "cryptography",
)


def test_the_console_imports_nothing_heavy() -> None:
    code = (
        "import sys, veloz_tui.tui.app, veloz_tui.tui.plain\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not found, found\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_kitty_keys_are_off_before_textual_is_imported() -> None:
    code = "import veloz_tui.tui.app\nfrom textual import constants\nassert constants.DISABLE_KITTY_KEY\n"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr

"""What a process of a start may not load before it has started the next one, or never."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("veloz_tui.commands.console", ("asyncio", "websockets", "textual", "pydantic", "httpx")),
        (
            "veloz_tui.commands.start, veloz_tui.runtime.launch",
            ("pydantic", "httpx", "cryptography", "keyring", "textual", "aiohttp"),
        ),
        ("veloz_tui.runtime.guardian_main", ("httpx", "cryptography", "pydantic", "keyring", "websockets")),
        ("veloz_tui.runtime.guardian", ("pydantic", "keyring", "aiosqlite", "aiohttp", "textual")),
    ],
)
def test_a_start_loads_little_before_the_next_process_runs(modules: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {modules}\nprint(*(name for name in {heavy!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stdout.strip()


def test_no_plugin_of_another_package_sees_the_settings() -> None:
    code = (
        "import veloz_tui.config.settings\n"
        "from pydantic.plugin import _loader\n"
        "print(list(_loader.get_plugins()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr

"""A strategy that looks for the keys, in every place it can reach, finds none, root's or not."""

from pathlib import Path

import pytest

from tests.chaos.profile import Profile, until
from tests.e2e import test_canary as canary
from tests.e2e.test_canary import PASSWORD, SECRET, SETTINGS, forms

profile = canary.profile
"""The fixture: a key in a vault, and a venue that knows it."""

# It writes down whatever it can read of itself, of the processes above it, and of the profile's files.
THIEF = """
import os
import re
from pathlib import Path

from veloz_tui.strategy.base import Strategy

LOOT = Path({loot!r})


def parents():
    pid = os.getppid()
    while pid > 1:
        yield pid
        status = Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()
        pid = int(status[1])
        if b"veloz_tui" not in Path(f"/proc/{{pid}}/cmdline").read_bytes():
            return


def memory(pid):
    maps = Path(f"/proc/{{pid}}/maps").read_text()
    with open(f"/proc/{{pid}}/mem", "rb", 0) as memory:
        for line in maps.splitlines():
            start, end = (int(number, 16) for number in re.match("([0-9a-f]+)-([0-9a-f]+) r", line).groups())
            memory.seek(start)
            yield memory.read(end - start)


def attempts():
    yield "own environ", lambda: Path("/proc/self/environ").read_bytes() + repr(dict(os.environ)).encode()
    yield "own arguments", lambda: Path("/proc/self/cmdline").read_bytes()
    for number in range(3, 256):
        yield f"descriptor {{number}}", lambda number=number: os.pread(number, 1 << 20, 0)
    for pid in parents():
        yield f"environ of {{pid}}", lambda pid=pid: Path(f"/proc/{{pid}}/environ").read_bytes()
        yield f"memory of {{pid}}", lambda pid=pid: b"".join(memory(pid))
        for number in range(3, 64):
            name = f"descriptor {{number}} of {{pid}}"
            yield name, lambda pid=pid, n=number: Path(f"/proc/{{pid}}/fd/{{n}}").read_bytes()
    for file in Path({profile!r}).rglob("*"):
        if file.is_file():
            yield str(file), lambda file=file: file.read_bytes()


class S(Strategy):
    def on_start(self, ctx):
        got, refused = [], []
        with open(LOOT, "wb") as loot:
            for name, attempt in attempts():
                try:
                    loot.write(attempt())
                    got.append(name)
                except (OSError, AttributeError) as error:
                    refused.append(f"{{name}}: {{type(error).__name__}}")
        (LOOT.parent / "got").write_text("\\n".join(got))
        (LOOT.parent / "refused").write_text("\\n".join(refused))
        ctx.doing("done")
"""


@pytest.mark.slow
def test_a_strategy_that_looks_for_the_keys_finds_none(profile: tuple[Profile, str], tmp_path: Path) -> None:
    running, api_key = profile
    port = running.paths.config_file.read_text().partition("http://127.0.0.1:")[2].partition('"')[0]
    extra = '[strategies.thief]\nclass = "thief.py"\ninstrument = "ETHUSDT.BINANCE"\ncallback_limit_s = 60\n'
    running.write_settings(SETTINGS.format(port=port) + extra)
    loot = tmp_path / "loot"
    running.write_strategy("thief.py", THIEF.format(loot=str(loot), profile=str(running.directory)))
    done = running.veloz_on_a_terminal("engine", typed=[PASSWORD])
    assert done.code == 0, done.text + running.everything_said()
    running.until_ready()
    running.start_strategies("thief")
    until(lambda: running.strategy("thief").doing == "done", within_s=40, what="the end of its search")
    got, refused = (tmp_path / "got").read_text(), (tmp_path / "refused").read_text()
    for pid in (running.engine_pid, running.guardian_pid):
        assert f"memory of {pid}: PermissionError" in refused
        assert f"environ of {pid}: PermissionError" in refused
    assert "own environ" in got
    assert str(running.paths.vault) in got  # what is there to be read is encrypted
    found = loot.read_bytes()
    assert b"BTCUSDT" in found, "the search reads what it can"
    needles = forms(SECRET) | {PASSWORD.encode(), api_key.encode()}
    assert [needle for needle in needles if needle in found] == []

"""What can be wrong before anything runs: settings, strategies, journal, places, ports, the vault.

Each gets one message that says what, where and what to do, an exit code of its kind, and no traceback on any
output. Nothing is lost or changed by it.
"""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.profile import Done, Profile, running_profile, until
from veloz_tui.config.secret import Secret
from veloz_tui.config.secrets import service_name
from veloz_tui.config.vault import KdfCost, Vault
from veloz_tui.control.oneshot import new_command_id
from veloz_tui.domain.commands import StartStrategy
from veloz_tui.domain.types import StrategyId

STRATEGY = '[strategies.{name}]\nclass = "{file}"\ninstrument = "BTCUSDT.BINANCE"\n'
TEST_MODE = """
[profile]
mode = "TEST"
[venues.binance.test_hosts]
rest = "http://127.0.0.1:{port}"
websocket_api = "ws://127.0.0.1:{port}/ws-api/v3"
streams = "ws://127.0.0.1:{port}"
confirm = "these are test hosts"
[secrets]
backend = "{backend}"
"""
CHEAP = KdfCost(iterations=1, memory_kib=256, lanes=1)


@pytest.fixture
def profile() -> Iterator[Profile]:
    with running_profile(starts=False) as idle:
        yield idle


def snapshot(directory: Path) -> dict[str, bytes]:
    """Every file but logs, locks and the like."""
    return {
        str(path): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and "logs" not in path.parts and path.suffix not in {".lock", ".sock"}
    }


def assert_refused(profile: Profile, done: Done, *, code: int, says: tuple[str, ...]) -> None:
    text = done.err + profile.everything_said()
    assert done.code == code, done.text + profile.everything_said()
    assert "Traceback" not in done.text + profile.everything_said()
    last = done.err.strip().splitlines()[-1]
    assert last.startswith("veloz: "), text
    for word in says:
        assert word in done.err, text
    assert not profile.is_running


# --- settings ---


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("[risk\nmax_order_size = 5", (":1",), id="broken"),
        pytest.param("[risk]\nmax_order_sise = 5", (":2", "did you mean max_order_size"), id="unknown"),
        pytest.param(
            '[risk]\nmax_order_size = "much"',
            (":2", "max_order_size"),
            id="wrong-type",
            marks=pytest.mark.slow,
        ),
        pytest.param("[risk]\nmax_order_size = 0", (":2", "max_order_size", "off"), id="zero"),
        pytest.param(
            "[risk]\nmax_position_size = -5",
            (":2", "max_position_size"),
            id="negative",
            marks=pytest.mark.slow,
        ),
        pytest.param("[risk]\nmax_leverage = nan", (":2", "max_leverage"), id="nan"),
        pytest.param(
            "[risk]\nmax_order_size = inf", (":2", "max_order_size"), id="infinite", marks=pytest.mark.slow
        ),
        pytest.param(
            "[engine]\nwedge_timeout_s = true",
            (":2", "wedge_timeout_s"),
            id="yes-for-a-number",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "[strategies.x]\nclass = 'marketmaker'",
            ("strategies.x",),
            id="no-instrument",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            '[venues.binance]\ninstruments = ["BTCUSDT", 5]',
            (":2",),
            id="number-in-a-list",
            marks=pytest.mark.slow,
        ),
        pytest.param("x" * 2_000_000, ("longer than",), id="huge", marks=pytest.mark.slow),
        pytest.param("[[[" * 5_000, (":1",), id="deep", marks=pytest.mark.slow),
    ],
)
def test_settings_that_cannot_be_are_refused_with_file_and_line(
    profile: Profile, text: str, says: tuple[str, ...]
) -> None:
    path = profile.write_settings(text)
    before = snapshot(profile.directory)
    assert_refused(profile, profile.veloz("engine"), code=2, says=(str(path), *says))
    assert snapshot(profile.directory) == before


def test_settings_that_are_no_text_or_no_file_are_refused(profile: Profile) -> None:
    path = profile.write_settings("")
    path.write_bytes(b"[risk]\n\xff\xfe\x00")
    assert_refused(profile, profile.veloz("engine"), code=2, says=(f"{path}:2", "UTF-8"))
    path.unlink()
    path.mkdir()
    assert_refused(profile, profile.veloz("engine"), code=2, says=(str(path),))


def test_environment_with_nonsense_is_refused_by_name(profile: Profile) -> None:
    profile.environ["VELOZ_RISK__MAX_ORDER_SIZE"] = "-1"
    assert_refused(profile, profile.veloz("engine"), code=2, says=("VELOZ_RISK__MAX_ORDER_SIZE",))


# --- places ---


def test_home_that_is_a_file_is_refused(profile: Profile) -> None:
    profile.environ["XDG_STATE_HOME"] = str(profile.directory / "file")
    (profile.directory / "file").write_text("mine")
    done = profile.veloz("engine")
    assert done.code == 2, done.text
    assert "Traceback" not in done.text
    assert str(profile.directory / "file") in done.err
    assert (profile.directory / "file").read_text() == "mine"


@contextmanager
def mounted(path: Path, options: str) -> Iterator[None]:
    """A small file system of its own."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs the right to; run as root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_home_that_cannot_be_written_is_refused(profile: Profile) -> None:
    with mounted(profile.directory / "s", "ro"):
        done = profile.veloz("engine")
        assert done.code == 2, done.text
        assert "Traceback" not in done.text
        assert "Read-only" in done.err
        assert str(profile.directory / "s") in done.err


def test_port_that_is_taken_is_named(profile: Profile) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = profile.veloz("sim", "--port", str(port))
    assert_refused(profile, done, code=2, says=(f"127.0.0.1:{port}", "choose another --port"))


# --- the vault ---


def test_profile_without_keys_and_keyring_says_how_to_add_one(profile: Profile) -> None:
    profile.write_settings(TEST_MODE.format(port=1, backend="auto"))
    assert_refused(profile, profile.veloz("engine"), code=2, says=("keyring", "vault"))


def with_vault(profile: Profile, *, backend: str = "auto") -> Path:
    profile.write_settings(TEST_MODE.format(port=1, backend=backend))
    old_mask = os.umask(0o077)
    try:
        profile.paths.create()
        vault = Vault(profile.paths.vault, service=service_name(profile.name), cost=CHEAP)
        vault.create(Secret("right password here")).set("index", "[]")
    finally:
        os.umask(old_mask)
    return profile.paths.vault


def test_locked_vault_without_a_terminal_is_refused(profile: Profile) -> None:
    vault = with_vault(profile)
    before = vault.read_bytes()
    assert_refused(profile, profile.veloz("engine"), code=2, says=(str(vault), "terminal"))
    assert vault.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param(lambda path: None, "doesn't open the vault", id="wrong-password"),
        pytest.param(lambda path: path.write_bytes(b""), "damaged", id="empty"),
        pytest.param(lambda path: path.write_bytes(os.urandom(500)), "damaged", id="garbage"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes()[:-9] + b"123456789"), "damaged", id="changed"
        ),
        pytest.param(lambda path: path.chmod(0o644), "chmod 600", id="open-to-others"),
    ],
)
def test_vault_that_does_not_open_is_named_and_kept(
    profile: Profile, damage: Callable[[Path], object], says: str
) -> None:
    vault = with_vault(profile)
    damage(vault)
    before = vault.read_bytes()
    password = "wrong password" if says == "doesn't open the vault" else "right password here"
    done = profile.veloz_on_a_terminal("engine", typed=[password])
    assert done.code == 2, done.text
    assert "Traceback" not in done.text + profile.everything_said()
    assert says in done.out, done.out
    assert str(vault) in done.out
    assert password not in done.out + profile.everything_said() + profile.log("guardian.log")
    assert vault.read_bytes() == before
    assert not profile.is_running


# --- the journal ---


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()


@pytest.fixture(scope="module")
def used() -> Iterator[Profile]:
    """A profile that has run and was closed in order."""
    with running_profile() as profile:
        assert profile.veloz("shutdown").code == 0
        yield profile


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param(lambda p: p.write_bytes(b"no journal" * 999), ("not a database",), id="garbage"),
        pytest.param(newer, ("version",), id="from-the-future"),
        pytest.param(Path.unlink, ("is gone",), id="deleted"),
        pytest.param(lambda p: p.write_bytes(b""), (), id="empty"),
        pytest.param(lambda p: p.write_bytes(p.read_bytes()[:9000]), (), id="cut"),
        pytest.param(lambda p: p.chmod(0o644), ("chmod 600",), id="open-to-others"),
        pytest.param(lambda p: p.with_suffix(".hwm").unlink(), ("journal.hwm",), id="anchor-gone"),
        pytest.param(lambda p: p.with_suffix(".hwm").write_bytes(b""), ("journal.hwm",), id="anchor-empty"),
    ],
)
def test_journal_that_cannot_be_trusted_is_named_and_kept(
    used: Profile, damage: Callable[[Path], object], says: tuple[str, ...]
) -> None:
    journal = used.paths.journal
    kept = {path: path.read_bytes() for path in journal.parent.glob("journal.*")}
    damage(journal)
    before = {p: v for p, v in snapshot(journal.parent).items() if "journal." in p and not p.endswith("-shm")}
    try:
        done = used.veloz("engine")
        code = 2 if "chmod 600" in says else 3
        assert_refused(used, done, code=code, says=("journal", *says))
        after = {p: v for p, v in snapshot(journal.parent).items() if p in before or "journal.db" in p}
        assert {p: v for p, v in after.items() if p in before} == before
    finally:
        for path in journal.parent.glob("journal.*"):
            if path not in kept:
                path.unlink()
        for path, content in kept.items():
            path.write_bytes(content)
            path.chmod(0o600)
    assert used.veloz("journal", "verify").code == 0


@pytest.mark.slow
def test_a_journal_without_its_tail_goes_on_once_the_loss_is_accepted() -> None:
    with running_profile() as profile:
        assert profile.place(profile.away("BTCUSDT")).is_ok
        refused = profile.veloz("journal", "accept-loss", "--confirm", profile.name)
        assert refused.code == 1, refused.text
        assert "veloz shutdown" in refused.text
        assert profile.veloz("shutdown").code == 0
        assert "nothing is lost" in profile.veloz("journal", "accept-loss", "--confirm", profile.name).out
        with sqlite3.connect(profile.paths.journal) as connection:
            connection.execute("DELETE FROM event WHERE seq > (SELECT max(seq) - 5 FROM event)")
            connection.execute("DELETE FROM snapshot")
        connection.close()
        lost = profile.veloz("engine")
        assert lost.code == 3
        assert "veloz journal accept-loss" in lost.text
        for words in ((), ("--confirm", "another")):
            untyped = profile.veloz("journal", "accept-loss", *words)
            assert untyped.code == 2
            assert f"--confirm {profile.name}" in untyped.text
        accepted = profile.veloz("journal", "accept-loss", "--confirm", profile.name)
        assert accepted.code == 0, accepted.text
        assert "has lost its tail" in accepted.out
        profile.start()
        assert profile.place(profile.away("BTCUSDT", number=2)).is_ok
        assert profile.veloz("shutdown").code == 0
        assert profile.veloz("journal", "verify").code == 0


@pytest.mark.slow
def test_a_journal_that_was_set_aside_is_kept_and_a_new_one_begun() -> None:
    with running_profile() as profile:
        assert profile.veloz("shutdown").code == 0
        journal = profile.paths.journal
        journal.write_bytes(b"no journal" * 999)
        assert "veloz journal set-aside" in profile.veloz("engine").text
        assert profile.veloz("journal", "set-aside").code == 2
        aside = profile.veloz("journal", "set-aside", "--confirm", profile.name)
        assert aside.code == 0, aside.text
        (kept,) = journal.parent.glob("damaged-*/journal.db")
        assert kept.read_bytes() == b"no journal" * 999
        profile.start()
        assert profile.place(profile.away("BTCUSDT")).is_ok


# --- strategies ---

FILES = {
    "syntax.py": "def broken(:\n",
    "empty.py": "",
    "imports.py": "import nothing_of_that_name\n",
    "params.py": "from veloz_tui.strategy.base import Strategy\n\n\nclass S(Strategy):\n    pass\n",
    "binary.py": "\x00\x01",
}


@pytest.mark.slow
def test_strategies_that_cannot_be_loaded_are_named_and_the_rest_goes_on() -> None:
    names = ("missing", *(name.removesuffix(".py") for name in FILES))
    settings = "".join(STRATEGY.format(name=name, file=f"{name}.py") for name in names)
    with running_profile(settings=settings, strategies=FILES) as profile:
        for name in names:
            command = StartStrategy(command_id=new_command_id(), strategy_id=StrategyId(name))
            profile.command(command)
        broken = set(names) - {"params"}
        until(lambda: all(profile.strategy(name).state == "FAULTED" for name in broken), within_s=30)
        for name in broken:
            assert "Traceback" not in _alert(profile, name)
        assert "syntax.py:1" in _alert(profile, "syntax")
        assert "missing.py" in _alert(profile, "missing")
        until(lambda: profile.strategy("params").state == "RUNNING")
        assert profile.view().status.trading_state == "READY"
        assert "Traceback" not in profile.everything_said()


def _alert(profile: Profile, strategy: str) -> str:
    return next(alert.text for alert in profile.alerts() if alert.key == f"strategy:{strategy}")


# --- a full disk ---


@pytest.mark.slow
def test_full_disk_stops_new_orders_not_cancels_and_ends_by_itself() -> None:
    with running_profile(starts=False) as profile, mounted(profile.directory / "s", "size=160m,mode=700"):
        try:
            profile.start_sim(is_on_disk=False)
            profile.start()
            resting = profile.place(profile.away("BTCUSDT")).client_order_ids[0]
            until(lambda: (o := profile.order(resting)) and o.status == "ACCEPTED")
            filler = profile.directory / "s" / "filler"
            fill(filler)
            until(lambda: profile.alerts("DISK_LOW"))
            # The write-ahead log has room for a while; the disk is missed when it is moved, in a lull.
            until(lambda: refuses(profile, filler), within_s=60, every_s=0.3, what="CANCEL_ONLY")
            assert profile.alerts("JOURNAL")
            assert profile.veloz("cancel", resting[-6:]).code == 0
            until(lambda: not [o for o in profile.sim.open_orders() if o["client_order_id"] == resting])
            filler.unlink()
            until(lambda: profile.view().status.trading_state == "READY", within_s=30)
            assert profile.place(profile.away("BTCUSDT", number=3)).is_ok
            assert "Traceback" not in profile.everything_said()
            assert profile.veloz("shutdown").code == 0
            assert profile.veloz("journal", "verify").code == 0
        finally:
            profile.close()


def fill(path: Path) -> None:
    """Take every byte that is left."""
    with path.open("ab", buffering=0) as file:
        for size in (1_000_000, 10_000, 100, 1):
            while True:
                try:
                    if file.write(b"x" * size) < size:
                        break
                except OSError:
                    break


def refuses(profile: Profile, filler: Path) -> bool:
    fill(filler)  # what the journal's ballast gave back
    profile.place(profile.away("BTCUSDT", number=7))
    return profile.view().status.trading_state == "CANCEL_ONLY"

"""`veloz kill` with nobody alive: the guardian's sweep, run once in the asker's own process."""

import asyncio
import getpass
import random
import secrets
import sys
import time
from typing import Final

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings
from veloz_tui.domain.errors import OperatorError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime import sim_child
from veloz_tui.runtime.clock import EngineClock
from veloz_tui.runtime.flag import raise_flag
from veloz_tui.runtime.key_loading import load_keys, needs_password
from veloz_tui.runtime.kill_record import write_report
from veloz_tui.runtime.link import KeyMaterial
from veloz_tui.runtime.sweep import Sweep, SweepReport
from veloz_tui.runtime.venue_hosts import binance_hosts
from veloz_tui.venues.binance.kill_client import KillClient
from veloz_tui.venues.binance.requests import signer_for

GIVE_UP_S: Final = 120.0


def one_shot_kill(paths: ProfilePaths, settings: Settings) -> int:
    """Latch, cancel everything, prove it. Returns 0 when zero is certified, 1 if it isn't in two minutes."""
    paths.create()
    password = ""
    if needs_password(settings, paths):
        password = _ask_password()
    report = SweepReport(secrets.token_hex(8), "BINANCE", "veloz kill", "nobody else is there")
    try:
        raise_flag(paths.kill_flag, kill_id=report.kill_id)
    except OSError as error:  # a full disk must not keep the cancels back
        sys.stderr.write(f"NOT LATCHED: {paths.kill_flag}: {error}; a new engine could trade. Canceling\n")
    return asyncio.run(_sweep(paths, settings, report, password))


def _ask_password() -> str:
    return getpass.getpass("vault password: ")


async def _sweep(paths: ProfilePaths, settings: Settings, report: SweepReport, password: str) -> int:
    keys, port = await _keys(paths, settings, password)
    began = time.monotonic()
    client = KillClient(
        binance_hosts(settings.venues.binance, sim_port=port),
        signer_for(api_key=keys.api_key, secret=keys.secret),
        now=EngineClock().now,
        jitter=random.random,
    )
    sweep = Sweep(
        client,
        report,
        symbols=[str(i).partition(".")[0] for i in settings.venues.binance.instruments],
        # What a dead engine had on the wire is unknown: the longer time, always.
        settle_s=settings.venues.binance.recv_window_ms / 1000
        + settings.kill.settle_s
        + settings.kill.settle_in_doubt_s,
        began=began,
        on_progress=lambda report: write_report(paths.state_directory, report),
    )
    try:
        async with asyncio.timeout(GIVE_UP_S):
            await sweep.run()
    except TimeoutError:
        count = "unknown" if report.still_open is None else report.still_open
        sys.stderr.write(f"UNVERIFIED after {GIVE_UP_S:.0f} s: open orders {count}; {report.problem}\n")
        return 1
    finally:
        await client.aclose()
    sys.stdout.write(
        f"HALTED: zero open orders, certified after {report.stamps['certified_zero'] / 1000:.1f} s; "
        f"canceled {report.canceled}. The next engine starts halted: veloz rearm exits\n"
    )
    return 0


async def _keys(paths: ProfilePaths, settings: Settings, password: str) -> tuple[KeyMaterial, int | None]:
    if settings.profile.mode is not Mode.DEMO:
        return (await asyncio.to_thread(load_keys, settings, paths, password))[0], None
    key = sim_child.DemoKey.random()
    sim = await sim_child.lend_key(paths, key)
    if sim is None:
        raise OperatorError(
            "no simulated venue is running: nothing can trade. The kill flag is set: the next engine starts "
            "halted and cancels what rests there"
        )
    return key.material, sim.port

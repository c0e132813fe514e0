"""`veloz sim`: a simulated exchange on its own, for your own programs and for replays."""

import asyncio
import secrets
import signal

import click
import msgspec

from veloz_tui.commands.profile import emit, say
from veloz_tui.domain.errors import ConfigError
from veloz_tui.sim.__main__ import run_sim
from veloz_tui.sim.server import start_sim
from veloz_tui.sim.settings import AccountSettings, MarketSettings, ReplaySettings, SimSettings
from veloz_tui.sim.store import StoreError


@click.command()
@click.option("--port", default=0, type=click.IntRange(0, 65_535), help="0: any free one.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same market.")
@click.option("--speed", default=1.0, show_default=True, type=click.FloatRange(0), help="Of the market.")
@click.option("--replay", type=click.Path(exists=True, dir_okay=False), help="A recorded market (.zst).")
@click.option("--settings-fd", type=int, hidden=True, help="Read all settings as one JSON line.")
def sim(*, port: int, seed: int, speed: float, replay: str | None, settings_fd: int | None) -> int:
    """Run a simulated Binance on this machine until Ctrl+C; it prints its address and a random API key.

    \b
    veloz sim --port 9443
    veloz sim --replay day.jsonl.zst --speed 10
    """
    if settings_fd is not None:
        return run_sim(settings_fd)
    api_key, secret = secrets.token_hex(32), secrets.token_hex(32)
    settings = SimSettings(
        port=port,
        seed=seed,
        accounts=(AccountSettings(api_key=api_key, credential=secret, key_type="HMAC"),),
        market=_market(speed=speed, replay=replay),
    )
    try:
        asyncio.run(_serve(settings, api_key=api_key, secret=secret))
    except OSError as error:
        raise ConfigError(
            f"can't listen: {error.strerror} – 127.0.0.1:{port} – choose another --port"
        ) from error
    except (StoreError, ValueError) as error:
        raise ConfigError(f"{error} – veloz sim – choose other settings") from error
    return 0


def _market(*, speed: float, replay: str | None) -> MarketSettings:
    if replay is None:
        return MarketSettings(speed=speed)
    return MarketSettings(replay=ReplaySettings(path=replay, speed=speed))


async def _serve(settings: SimSettings, *, api_key: str, secret: str) -> None:
    running = await start_sim(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    address = {"port": running.port, "sim_id": running.sim_id, "api_key": api_key, "secret": secret}
    emit(msgspec.json.encode(address).decode())
    say(f"simulated exchange at {running.base_url}; Ctrl+C ends it")
    await stop.wait()
    await running.stop()

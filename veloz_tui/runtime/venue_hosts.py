"""Where a venue is reached. Apart from `compose`, because a guardian needs no more than this of it."""

from veloz_tui.config.plain import BinanceSettings as BinanceConfig
from veloz_tui.domain.errors import ConfigError
from veloz_tui.venues.binance.settings import BinanceHosts, loopback


def binance_hosts(config: BinanceConfig, *, sim_port: int | None) -> BinanceHosts:
    """Loopback for DEMO, else what the configuration allows."""
    if config.hosts is None:
        if sim_port is None:
            raise ConfigError("DEMO needs the simulated venue, and none is running - start with `veloz`")
        return loopback(port=sim_port)
    return BinanceHosts(
        rest=config.hosts.rest,
        api_socket=config.hosts.websocket_api,
        streams=config.hosts.streams,
        alternates=config.hosts.alternates,
    )

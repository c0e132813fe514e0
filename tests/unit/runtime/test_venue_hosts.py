"""Where the venue is reached, from the settings."""

from pathlib import Path

import msgspec

from veloz_tui.config.hosts import BINANCE_LIVE
from veloz_tui.config.settings import load_settings
from veloz_tui.runtime.venue_hosts import binance_hosts


def test_in_live_the_hard_kill_has_other_hosts_to_turn_to(tmp_path: Path) -> None:
    demo = load_settings(environ={}, config_file=tmp_path / "none.toml").venues.binance
    hosts = binance_hosts(msgspec.structs.replace(demo, hosts=BINANCE_LIVE), sim_port=None)
    assert hosts.rest == "https://api.binance.com"
    assert hosts.alternates == BINANCE_LIVE.alternates
    assert len({hosts.rest, *hosts.alternates}) == 6


def test_a_demo_is_reached_on_this_machine_alone(tmp_path: Path) -> None:
    demo = load_settings(environ={}, config_file=tmp_path / "none.toml").venues.binance
    hosts = binance_hosts(demo, sim_port=1234)
    assert (hosts.rest, hosts.alternates) == ("http://127.0.0.1:1234", ())

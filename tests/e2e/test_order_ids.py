"""Order ids never repeat, even where the journal that knew the used ones is gone."""

import pytest

from tests.chaos.profile import Profile, running_profile, until


def an_order(profile: Profile) -> str:
    (client_order_id,) = profile.place(profile.away("BTCUSDT")).client_order_ids
    until(lambda: client_order_id in [order["client_order_id"] for order in profile.sim.open_orders()])
    return client_order_id


@pytest.mark.slow
def test_a_journal_set_aside_within_the_minute_leads_to_no_id_twice() -> None:
    with running_profile(settings='[engine]\non_engine_death = "cancel"\n') as profile:
        first = an_order(profile)
        profile.kill_both()
        aside = profile.paths.state_directory / "aside"
        aside.mkdir(mode=0o700)
        for path in profile.paths.state_directory.glob("journal.*"):
            path.rename(aside / path.name)
        profile.start()
        second = an_order(profile)
        assert first[:9] != second[:9], "the run's part of the ids: the counters begin anew"

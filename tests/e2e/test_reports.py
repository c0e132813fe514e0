"""`veloz report` beside a running engine: its sums are the venue's own."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest

from tests.chaos.profile import Profile, running_profile, until
from tests.unit.reports import recomputed

SYMBOL = "BTCUSDT"
WORDS = (
    ("buy", "0.02", "btc", "market"),
    ("sell", "0.007", "btc", "market"),
    ("sell", "0.005", "btc", "market"),
    ("buy", "0.01", "btc", "market"),
)


class Sums(NamedTuple):
    """What the fills of one instrument come to."""

    fills: int
    makers: int
    turnover: Decimal
    fees: dict[str, Decimal]
    held: Decimal


def sums_of_the_venue(profile: Profile) -> Sums:
    trades = profile.sim.trades(SYMBOL)
    fees: dict[str, Decimal] = {}
    for trade in trades:
        asset = trade["commissionAsset"]
        fees[asset] = fees.get(asset, Decimal(0)) + Decimal(trade["commission"])
    turnover = sum((Decimal(t["qty"]) * Decimal(t["price"]) for t in trades), Decimal(0))
    makers = sum(bool(trade["isMaker"]) for trade in trades)
    return Sums(len(trades), makers, turnover, fees, profile.sim.bought(SYMBOL))


def sums_of_the_report(profile: Profile, *words: str) -> Sums:
    done = profile.veloz("report", *words, "--format", "json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    (row,) = [row for row in found["by_instrument"] if row["name"].startswith(SYMBOL)]
    (held,) = [row for row in found["positions"] if row["instrument_id"].startswith(SYMBOL)]
    fees = {asset: Decimal(amount) for asset, amount in row["fee_assets"].items()}
    return Sums(row["fills"], row["maker_fills"], Decimal(row["turnover"]), fees, Decimal(held["quantity"]))


@pytest.mark.slow
def test_a_report_beside_the_engine_tells_the_venues_own_sums_and_so_without_it() -> None:
    with running_profile() as profile:
        began = until(lambda: settled(profile), within_s=30, what="a quiet moment")
        for number, words in enumerate(WORDS, start=1):
            done = profile.veloz(*words)
            assert done.code == 0, done.err
            until(lambda n=number: len(profile.sim.trades(SYMBOL)) >= n, what="the trade at the venue")  # type: ignore[misc]
        venue = sums_of_the_venue(profile)
        # A monthly one, so that a midnight between the trades and the report does no harm on 29 days of 30.
        until(lambda: sums_of_the_report(profile, "monthly") == venue, within_s=30, what="the venue's sums")
        assert profile.is_running
        # The wallet moved by what the report says and by nothing else.
        assert until(lambda: settled(profile), within_s=30, what="a quiet moment") == began
        assert profile.veloz("shutdown").code == 0
        until(lambda: not profile.is_running, within_s=30, what="the end of the engine")
        assert sums_of_the_report(profile, "monthly") == venue
        check_rows(profile)


class Moved(NamedTuple):
    """How much of the base and the quote asset came into a wallet."""

    base: Decimal
    quote: Decimal


def wallet(profile: Profile) -> Moved:
    balances = profile.sim.balances()
    return Moved(balances["BTC"], round(balances["USDT"], 10))


def told_wallet(profile: Profile) -> Moved:
    """What the report says came in: the quote is what was earned, less what is tied up and what was paid."""
    found = json.loads(profile.veloz("report", "monthly", "--format", "json").out)
    if not found["totals"]:
        return Moved(Decimal(0), Decimal(0))
    (total,) = found["totals"]
    assert total["unvalued_fees"] == {}
    quantity = sum((Decimal(held["quantity"]) for held in found["positions"]), Decimal(0))
    cost = sum((Decimal(h["quantity"]) * Decimal(h["entry"]) for h in found["positions"]), Decimal(0))
    return Moved(quantity, round(Decimal(total["realized"]) - cost - Decimal(total["fees"]), 10))


def settled(profile: Profile) -> Moved | None:
    """`begun_with`, if nothing was traded meanwhile."""
    trades = len(profile.sim.trades(SYMBOL))
    found = begun_with(profile)
    return found if len(profile.sim.trades(SYMBOL)) == trades else None


def begun_with(profile: Profile) -> Moved:
    """What the venue's wallet would be without the trades that the report knows."""
    now, told = wallet(profile), told_wallet(profile)
    return Moved(now.base - told.base, now.quote - told.quote)


def check_rows(profile: Profile) -> None:
    """Other code makes the same of the journal's rows; quotients have endless digits here."""
    found = json.loads(profile.veloz("report", "monthly", "--format", "json").out)
    events = recomputed.events_of(profile.paths.journal)
    sums = recomputed.money(recomputed.trades_of(events), 0, 2**63, "")
    (total,) = found["totals"]
    row = sums["all", total["quote"]]
    for name in ("fills", "maker_fills", "turnover", "fees"):
        assert Fraction(total[name]) == row[name]
    for name in ("realized", "net"):
        assert abs(Fraction(total[name]) - row[name]) < Fraction(1, 10**18)


@pytest.mark.slow
def test_a_daily_report_of_a_fresh_demo_knows_the_run_and_goes_to_a_private_file() -> None:
    with running_profile() as profile:
        done = profile.veloz("report", "daily", "--format", "json")
        assert done.code == 0, done.err
        found = json.loads(done.out)
        assert found["engine_ran_ns"] > 0
        assert found["uptime"][0]["ready_ns"] > 0
        file = profile.directory / "r.csv"
        assert profile.veloz("report", "daily", "--format", "csv", "--out", str(file)).code == 0
        assert file.read_text().startswith("since,until,group")
        assert file.stat().st_mode & 0o077 == 0
        again = ("report", "daily", "--format", "json", "--out", str(file))
        assert profile.veloz(*again).code == 1
        assert file.read_text().startswith("since,until,group")
        assert profile.veloz(*again, "--force").code == 0
        assert json.loads(file.read_text())["engine_ran_ns"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("daily", "--from", "2026-01-01"), "belong to custom"),
        (("daily", "--day", "2026-13-01"), "is no date"),
        (("daily", "--day", "1900-01-01"), "outside"),
        (("custom",), "has --from and --to"),
        (("custom", "--from", "2026-01-02", "--to", "2026-01-01"), "is not after"),
        (("custom", "--from", "soon", "--to", "later"), "is no time"),
        (("yearly",), "yearly"),
    ],
)
def test_words_that_mean_nothing_are_refused_with_what_to_write(words: tuple[str, ...], said: str) -> None:
    with running_profile(starts=False) as profile:
        done = profile.veloz("report", *words)
        assert done.code == 2
        assert said in done.err
        assert len(done.err.splitlines()) == 1


def test_without_a_journal_the_command_says_so() -> None:
    with running_profile(starts=False) as profile:
        done = profile.veloz("report", "daily")
        assert done.code == 3
        assert "no journal yet" in done.err


def test_a_file_that_is_there_is_left_alone_unless_it_is_forced() -> None:
    with running_profile(starts=False) as profile:
        file = profile.directory / "november.csv"
        file.write_text("mine")
        done = profile.veloz("report", "daily", "--out", str(file))
        assert done.code == 1
        assert f"{file} exists – nothing was written" in done.err
        assert "--force" in done.err
        assert file.read_text() == "mine"
        # With it the next thing is said: there is no journal to report on.
        forced = profile.veloz("report", "daily", "--out", str(file), "--force")
        assert "no journal yet" in forced.err
        assert file.read_text() == "mine"

"""Reading the settings: layers, bounds, and what is said about mistakes."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from veloz_tui.config.hosts import BINANCE_LIVE, BINANCE_TEST, is_live_host
from veloz_tui.config.limits import limits_of
from veloz_tui.config.plain import Settings
from veloz_tui.config.problem import InvalidSettings
from veloz_tui.config.settings import load_settings
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import InstrumentId, Mode

LIVE = '[profile]\nmode = "LIVE"\n[risk]\nmax_order_size = 100\nmax_position_size = 200\n'
BTC = InstrumentId("BTCUSDT.BINANCE")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "demo.toml"


def load(file: Path, text: str = "", **environ: str) -> Settings:
    file.write_text(text)
    return load_settings(environ={"HOME": str(file.parent)} | environ, config_file=file)


def problems(file: Path, text: str = "", **environ: str) -> list[str]:
    with pytest.raises(InvalidSettings) as refused:
        load(file, text, **environ)
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.problems]
    assert refused.value.exit_code == 2
    return [str(problem).replace(str(file), "demo.toml") for problem in refused.value.problems]


def test_the_demo_needs_no_file(tmp_path: Path) -> None:
    settings = load_settings(environ={"HOME": str(tmp_path)})
    assert settings.profile.mode is Mode.DEMO
    assert settings.venues.binance.hosts is None
    assert settings.engine.on_detach == "continue"


def test_another_profile_needs_its_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no profile live.*live\.toml.*veloz --profile live init"):
        load_settings("live", environ={"HOME": str(tmp_path)})


def test_the_profiles_own_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / ".config/veloz/trial.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[profile]\nmode = "TEST"')
    settings = load_settings("trial", environ={"HOME": str(tmp_path)})
    assert (settings.profile.name, settings.profile.mode) == ("trial", Mode.TEST)
    assert settings.venues.binance.hosts == BINANCE_TEST


def test_the_environment_beats_the_file(file: Path) -> None:
    text = "[risk]\nmax_leverage = 1\nmax_position_size = 1\n"
    risk = load(file, text, VELOZ_RISK__MAX_LEVERAGE="2").risk
    assert (risk.max_leverage, risk.default.max_position_size) == (Decimal(2), Decimal(1))


def test_environment_texts_become_lists_flags_and_numbers(file: Path) -> None:
    settings = load(
        file,
        VELOZ_VENUES__BINANCE__INSTRUMENTS="btcusdt, ETHUSDT.BINANCE",
        VELOZ_CONSOLE__BELL="false",
        VELOZ_KILL__SETTLE_S="2.5",
        VELOZ_PROFILE="whatever",
        VELOZ_SOMETHING="else",
    )
    assert settings.venues.binance.instruments == ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")
    assert settings.console.bell is False
    assert settings.kill.settle_s == 2.5


def test_an_instrument_is_named_either_way_and_a_key_by_its_action(file: Path) -> None:
    text = '[risk.instruments."BTCUSDT.BINANCE"]\nmax_order_size = 7.5\n[console.keymap]\nbuy = ["f2"]\n'
    settings = load(file, text)
    assert settings.risk.instruments[BTC].max_order_size == Decimal("7.5")
    assert settings.console.keymap == {"buy": ("f2",), "kill": ("ctrl+k", "f12")}


def test_limits_are_exact_decimals_however_they_are_written(file: Path) -> None:
    text = '[risk]\nmax_order_size = 0.1\nmax_position_size = "0.30"\nmax_leverage = 3\n'
    risk = load(file, text).risk
    assert str(risk.default.max_order_size) == "0.1"
    assert str(risk.default.max_position_size) == "0.30"
    assert risk.max_leverage == 3


def test_off_switches_a_limit_off_and_an_override_inherits_the_rest(file: Path) -> None:
    text = '[risk]\nmax_leverage = "off"\ntake_profit_threshold = "OFF"\n'
    text += "[risk.instruments.BTCUSDT]\nmax_order_size = 5\n"
    limits = limits_of(load(file, text))
    assert limits.max_leverage is None
    assert limits.default.take_profit_threshold is None
    assert limits.for_instrument(BTC).max_order_size == 5
    assert limits.for_instrument(BTC).max_position_size == limits.default.max_position_size


@pytest.mark.parametrize("name", ["max_orders_per_second", "open_orders_max"])
def test_counts_can_be_switched_off_too(file: Path, name: str) -> None:
    assert getattr(load(file, f'[risk]\n{name} = "off"\n').risk, name) is None


def test_strategies_keep_their_parameters_as_written(file: Path) -> None:
    text = (
        '[strategies.mm-1]\nclass = "mine.py:Mine"\ninstruments = ["btcusdt", "ETHUSDT"]\ninline = true\n'
        'params = { size = "0.010", levels = [1, 2], deep = { on = true } }\n'
    )
    strategy = load(file, text).strategies[0]
    assert (strategy.name, strategy.source, strategy.inline, strategy.autostart) == (
        "mm-1",
        "mine.py:Mine",
        True,
        False,
    )
    assert strategy.instruments == ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")
    assert msgspec.to_builtins(strategy.params) == {
        "size": "0.010",
        "levels": [1, 2],
        "deep": {"on": True},
    }
    assert limits_of(load(file, text)).strategy_orders_per_second == {"mm-1": 5}


ONE_MISTAKE = [
    ("[risk]\nmax_ordersize = 5", "setting risk.max_ordersize – demo.toml:2 – did you mean max_order_size?"),
    ("[rsik]\nx = 5", "unknown setting rsik – demo.toml:1 – did you mean risk?"),
    ("[risk]\nmax_failures = 5", "demo.toml:2 – did you mean breaker.max_failures?"),
    ("[venues.okx]\nx = 1", "unknown setting venues.okx – demo.toml:1"),
    ("[venues.binance]\nrecv_window_ms = 'fast'", "'fast' can't be used – demo.toml:2 – expected a whole"),
    ("[venues.binance]\nrecv_window_ms = true", "demo.toml:2 – write a number"),
    ("[venues.binance]\nrecv_window_ms = 60000", "is out of range – demo.toml:2 – write at most 5000"),
    ("[journal]\n\ndurability = 'powr'", "demo.toml:3 – did you mean power? power | process"),
    ("[profile]\nmode = 'PAPER'", "mode PAPER is not there yet – demo.toml:2 – use DEMO, TEST or LIVE"),
    ("[profile]\nmode = 'LIFE'", "demo.toml:2 – did you mean LIVE? DEMO | PAPER | TEST | LIVE"),
    ("[risk]\nmax_order_size = 0", 'demo.toml:2 – write the largest value you allow, or "off"'),
    ("[risk]\nmax_order_size = -1", 'demo.toml:2 – write the largest value you allow, or "off"'),
    ("[risk]\nmax_order_size = nan", "demo.toml:2 – write a number"),
    ("[risk]\nmax_order_size = inf", "demo.toml:2 – write a number"),
    ("[risk]\nmax_order_size = true", "demo.toml:2 – write a number"),
    ("[risk]\nmax_order_size = '0,5'", "demo.toml:2 – write 0.5"),
    ("[risk]\nmax_price_deviation = 5", "5 is 500 % – demo.toml:2 – write 0.05 for 5 %"),
    ("[risk]\nstop_loss_threshold = 0", 'demo.toml:2 – write a number above 0, or "off"'),
    ("[risk]\nmax_orders_per_second = 2.5", "demo.toml:2 – write 3 or 2"),
    ("[risk]\nmax_orders_per_second = 1001", "demo.toml:2 – write at most 1000"),
    ("[risk.instruments.BTCUSDT]\nmax_order_size = 'off'", "demo.toml:2 – write a larger value"),
    ("[risk.instruments.BTCUSD]\nmax_order_size = 5", "demo.toml:1 – did you mean BTCUSDT.BINANCE?"),
    ("[risk.instruments.'BTCUSDT.BINANC']\n", "demo.toml:1 – use one of BINANCE"),
    ("[venues.binance]\ninstruments = ['BTCUSDT', 'btcusdt']", "BTCUSDT.BINANCE is listed twice – demo"),
    ("[venues.binance]\ninstruments = []", "demo.toml:2 – name 1 to 50"),
    ("[venues.binance]\ncancel_reserve = 0.5\noperator_reserve = 0.4", "demo.toml:2 – leave at least 0.2"),
    ("[kill]\nchords = []", "demo.toml:2 – write at least 1"),
    ("[console.keymap]\nkill = ['k']", "demo.toml:2 – set kill.chords"),
    ("[console.keymap]\nbuy = ['f12']", "f12 kills, and console.keymap gives it to buy – demo.toml:2"),
    ("[console]\nday_start = '24:00'", "demo.toml:2 – write hours and minutes in UTC"),
    ("[console]\nmouse = 1", "demo.toml:2 – write true or false"),
    ("[console]\nrefresh_hz = 11", "demo.toml:2 – write at most 10"),
    ("[console.sizes]\nBTCUSDT = [1, 0]", "demo.toml:2 – write a number above 0"),
    ("[strategies.mm]\ninstrument = 'BTCUSDT'", "mm.class is missing – demo.toml:1 – add a line: class"),
    ("[strategies.mm]\nclass = 'twap'", 'demo.toml:1 – write instrument = "BTCUSDT.BINANCE"'),
    ("[strategies.mm]\nclass = 'tvap'\ninstrument = 'BTCUSDT'", "demo.toml:2 – did you mean twap?"),
    ("[strategies.mm]\nclass = 'twap'\ninstrument = 'XRPUSDT'", "toml:3 – add it to venues.binance"),
    ("[strategies.manual]\nclass = 'twap'\ninstrument = 'BTCUSDT'", "'manual' can't name a strategy – demo"),
    ("[strategies.Mm]\nclass = 'twap'\ninstrument = 'BTCUSDT'", "'Mm' can't name a strategy"),
    ("[strategies.m]\nclass='twap'\ninstrument='BTCUSDT'\nparams={d=2020-01-01}", "toml:4 – expected a text"),
    ("risk = 5", "risk = 5 can't be used – demo.toml:1 – expected a table"),
    ("[venues.binance.test_hosts]\nrest='x'\nwebsocket_api='x'\nstreams='x'", "TEST only, and this is DEMO"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), ONE_MISTAKE)
def test_a_mistake_is_named_with_its_line_and_its_remedy(file: Path, text: str, said: str) -> None:
    found = problems(file, text)
    assert len(found) == 1
    assert said in found[0]
    assert found[0].count(" – ") >= 2  # what – where – what to do


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[risk]\nmax = \n", "demo.toml:2:7"),
        ("[risk]\nmax = [1,\n2", "demo.toml:3"),
        ("a = 1\na = 2\n", "demo.toml:2:6"),
        ("[risk\n", "demo.toml:1:6"),
        ("x = 1_000_\n", "demo.toml:1"),
    ],
)
def test_broken_toml_names_line_and_column(file: Path, text: str, said: str) -> None:
    found = problems(file, text)
    assert len(found) == 1
    assert found[0].startswith("not readable as TOML")
    assert said in found[0]


def test_all_mistakes_are_reported_at_once(file: Path) -> None:
    found = problems(
        file,
        '[risk]\nmax_order_size = 0\n[breaker]\nmax_failures = 0\n[engine]\non_detach = "continu"\n',
        VELOZ_ENGINE__GRACE_S="soon",
        VELOZ_ENGINE__FOO="1",
    )
    assert len(found) == 5
    assert any("environment variable VELOZ_ENGINE__GRACE_S – expected a number" in text for text in found)
    assert any(
        "unknown setting engine.foo – environment variable VELOZ_ENGINE__FOO" in text for text in found
    )
    assert any("demo.toml:6 – did you mean continue?" in text for text in found)


def test_a_key_written_into_the_file_is_not_repeated_on_screen(file: Path) -> None:
    canary = "canaryCANARYcanary0123456789"
    [found] = problems(file, f'[venues.binance]\napi_secret = "{canary}"\n')
    assert canary not in found
    assert "veloz keys add" in found


def test_live_can_not_be_chosen_by_the_environment(file: Path) -> None:
    text = LIVE.replace("LIVE", "TEST")
    [found] = problems(file, text, VELOZ_PROFILE__MODE="live")
    assert "VELOZ_PROFILE__MODE" in found
    assert load(file, text, VELOZ_PROFILE__MODE="test").profile.mode is Mode.TEST


def test_live_needs_limits_of_your_own(file: Path) -> None:
    found = problems(file, '[profile]\nmode = "LIVE"\n[risk]\nmax_order_size = "off"\n')
    assert [text.partition(" – ")[0] for text in found] == [
        "risk.max_order_size can't be off in LIVE",
        "LIVE needs a risk.max_position_size of your own",
    ]


def test_what_acts_by_itself_is_off_in_live_unless_written(file: Path) -> None:
    settings = load(file, LIVE)
    assert settings.venues.binance.hosts == BINANCE_LIVE
    assert settings.console.sizes == {}
    assert settings.risk.default.stop_loss_threshold is None
    written = load(file, LIVE + "stop_loss_threshold = 0.1\n[console.sizes]\nBTCUSDT = [2, 1]\n")
    assert written.risk.default.stop_loss_threshold == Decimal("0.1")
    assert written.risk.default.take_profit_threshold is None
    assert written.console.sizes == {BTC: (Decimal(1), Decimal(2))}


def test_losing_the_tail_in_live_is_accepted_in_words(file: Path) -> None:
    process = '[journal]\ndurability = "process"\n'
    [found] = problems(file, LIVE + process)
    assert "I accept losing the tail" in found
    accepted = load(file, LIVE + process + 'allow_process_durability_in_live = "I accept losing the tail"\n')
    assert accepted.journal.durability == "process"
    assert load(file, process).journal.durability == "process"


def test_test_hosts_are_compiled_in_or_confirmed_in_words(file: Path) -> None:
    mode = '[profile]\nmode = "TEST"\n'
    own = (
        "[venues.binance.test_hosts]\nrest = 'https://demo-api.binance.com'\n"
        "websocket_api = 'wss://demo-ws-api.binance.com/x'\nstreams = 'wss://demo-stream.binance.com'\n"
    )
    assert load(file, mode).venues.binance.hosts == BINANCE_TEST
    [found] = problems(file, mode + own)
    assert 'confirm = "these are test hosts"' in found
    hosts = load(file, mode + own + "confirm = 'these are test hosts'\n").venues.binance.hosts
    assert hosts is not None
    assert hosts.rest == "https://demo-api.binance.com"


@pytest.mark.parametrize(
    "rest", ["https://api.binance.com", "https://API3.binance.com.", "http://demo-api.binance.com"]
)
def test_a_real_or_unencrypted_host_is_never_a_test_host(file: Path, rest: str) -> None:
    text = (
        f"[profile]\nmode = 'TEST'\n[venues.binance.test_hosts]\nrest = '{rest}'\nwebsocket_api = 'wss://x.example/y'\n"
        "streams = 'wss://x.example'\nconfirm = 'these are test hosts'\n"
    )
    [found] = problems(file, text)
    assert "demo.toml:4" in found


def test_a_simulated_venue_on_this_machine_may_be_a_test_host(file: Path) -> None:
    text = (
        "[profile]\nmode = 'TEST'\n[venues.binance.test_hosts]\nrest = 'http://127.0.0.1:9443'\n"
        "websocket_api = 'ws://127.0.0.1:9443/ws-api/v3'\nstreams = 'ws://127.0.0.1:9443'\n"
        "confirm = 'these are test hosts'\n"
    )
    assert load(file, text).venues.binance.hosts is not None


def test_a_demo_without_strategies_of_its_own_has_some_to_try(file: Path) -> None:
    assert [s.name for s in load(file, "").strategies] == ["mm-btc", "mm-eth", "twap-sol"]
    only_btc = load(file, "[venues.binance]\ninstruments = ['BTCUSDT']\n")
    assert [s.name for s in only_btc.strategies] == ["mm-btc"]
    assert load(file, "[profile]\nmode = 'TEST'\n").strategies == ()


def test_every_compiled_in_live_host_is_known_as_one() -> None:
    for hosts, live in ((BINANCE_LIVE, True), (BINANCE_TEST, False)):
        urls = [hosts.rest, hosts.websocket_api, hosts.streams, *hosts.alternates]
        assert [is_live_host(url) for url in urls] == [live] * len(urls)


def test_a_settings_file_others_can_change_is_refused(file: Path) -> None:
    file.write_text("")
    file.chmod(0o666)
    with pytest.raises(ConfigError, match="chmod go-w"):
        load_settings(environ={}, config_file=file)


def test_a_file_that_is_not_text_is_refused_with_its_line(file: Path) -> None:
    file.write_bytes(b"[risk]\n# \xff\xfe\n")
    with pytest.raises(ConfigError, match=r"not UTF-8 text – .*demo.toml:2"):
        load_settings(environ={}, config_file=file)


def test_settings_travel_as_messages(file: Path) -> None:
    settings = load(file, LIVE)
    assert msgspec.json.decode(msgspec.json.encode(settings), type=Settings) == settings

"""nautilus_trader's live node, pointed at the canned venue."""

# mypy: ignore-errors
# Runs in another environment, with packages that aren't here.
from nautilus_trader.adapters.binance import factories
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.config import BinanceDataClientConfig, BinanceExecClientConfig
from nautilus_trader.config import (
    InstrumentProviderConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.core.nautilus_pyo3 import Quota
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.trading.strategy import Strategy


class _Raised:
    """The canned venue raises its limits for everybody; this one knows them by heart."""

    @staticmethod
    def rate_per_minute(_count: int) -> Quota:
        return Quota.rate_per_second(1_000_000)


def run(port: int, strategy: Strategy, *, trades: bool) -> None:
    """Run a node with one strategy, and with orders if it `trades`; limits are out of the way."""
    factories.Quota = _Raised
    common = {
        "api_key": "k",
        "api_secret": "s" * 64,
        "base_url_http": f"http://127.0.0.1:{port}",
        "base_url_ws": f"ws://127.0.0.1:{port}",
        "account_type": BinanceAccountType.SPOT,
        "instrument_provider": InstrumentProviderConfig(load_all=True),
    }
    config = TradingNodeConfig(
        trader_id=TraderId("T-001"),
        logging=LoggingConfig(log_level="OFF"),
        data_clients={"BINANCE": BinanceDataClientConfig(**common)},
        exec_clients={"BINANCE": BinanceExecClientConfig(**common)} if trades else {},
        exec_engine=LiveExecEngineConfig(reconciliation=False),
        risk_engine=LiveRiskEngineConfig(bypass=True),
        timeout_connection=20.0,
    )
    node = TradingNode(config=config)
    node.trader.add_strategy(strategy)
    node.add_data_client_factory("BINANCE", factories.BinanceLiveDataClientFactory)
    if trades:
        node.add_exec_client_factory("BINANCE", factories.BinanceLiveExecClientFactory)
    node.build()
    node.run()

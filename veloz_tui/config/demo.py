"""What a demo has to try, where its settings name no strategies."""

from typing import Final

from veloz_tui.config.model import Strategy

DEMO_STRATEGIES: Final = {
    "mm-btc": Strategy.model_validate(
        {
            "class": "market_maker",
            "instrument": "BTCUSDT.BINANCE",
            "params": {
                "instrument": "BTCUSDT.BINANCE",
                "half_spread_bps": "2",
                "size": "0.01",
                "max_position": "0.05",
            },
        }
    ),
    "mm-eth": Strategy.model_validate(
        {
            "class": "market_maker",
            "instrument": "ETHUSDT.BINANCE",
            "params": {
                "instrument": "ETHUSDT.BINANCE",
                "half_spread_bps": "2",
                "size": "0.2",
                "max_position": "1",
            },
        }
    ),
    "twap-sol": Strategy.model_validate(
        {
            "class": "twap",
            "instrument": "SOLUSDT.BINANCE",
            "params": {
                "instrument": "SOLUSDT.BINANCE",
                "side": "BUY",
                "quantity": "20",
                "duration_s": 300,
                "interval_s": 10,
            },
        }
    ),
}

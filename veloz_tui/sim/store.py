"""What the venue remembers: one SQLite file, written through, one transaction an engine step.

`synchronous=NORMAL` survives a killed process (the operating system has the pages); a power cut may lose the
last steps of a simulation, which nobody's money depends on.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import msgspec

from veloz_tui.sim.accounts import Account, AccountProfile, Balance
from veloz_tui.sim.orders import Order, Trade

VERSION = 1
# Closed orders and fills read back at start; the file keeps all.
HISTORY_ROWS = 100_000

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, reserved INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (uid INTEGER PRIMARY KEY, profile BLOB NOT NULL);
CREATE TABLE balances (
  uid INTEGER, asset TEXT, free TEXT NOT NULL, locked TEXT NOT NULL, PRIMARY KEY (uid, asset)
) WITHOUT ROWID;
CREATE TABLE orders (
  symbol TEXT, order_id INTEGER, is_open INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (symbol, order_id)
) WITHOUT ROWID;
CREATE TABLE trades (
  symbol TEXT, trade_id INTEGER, order_id INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (symbol, trade_id, order_id)
) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The file can't be used as a store; the message says why in one line."""


class Batch:
    """Everything one engine step changed."""

    __slots__ = ("balances", "orders", "trades")

    def __init__(self) -> None:
        self.orders: dict[tuple[str, int], Order] = {}
        self.trades: list[Trade] = []
        self.balances: dict[tuple[int, str], Balance] = {}

    @property
    def is_empty(self) -> bool:
        return not (self.orders or self.trades or self.balances)


class Store:
    """`path` None keeps the venue in memory only."""

    def __init__(self, path: str | None) -> None:
        self._connection = _open(path)
        self._encoder = msgspec.json.Encoder()
        self.sim_id = self._meta("sim_id", lambda: secrets.token_hex(8))

    def close(self) -> None:
        self._connection.close()

    def counters(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT name, reserved FROM counters"))

    def reserve(self, name: str, limit: int) -> None:
        with self._connection:
            self._connection.execute("REPLACE INTO counters VALUES (?, ?)", (name, limit))

    def save_price(self, symbol: str, price: Decimal) -> None:
        """Remember where a generated market stood."""
        with self._connection:
            self._connection.execute("REPLACE INTO meta VALUES (?, ?)", (f"price:{symbol}", str(price)))

    def price(self, symbol: str) -> Decimal | None:
        row = self._connection.execute(
            "SELECT value FROM meta WHERE key = ?", (f"price:{symbol}",)
        ).fetchone()
        return None if row is None else Decimal(row[0])

    def save_profile(self, profile: AccountProfile) -> None:
        with self._connection:
            body = self._encoder.encode(profile)
            self._connection.execute("REPLACE INTO accounts VALUES (?, ?)", (profile.uid, body))

    def save(self, batch: Batch) -> None:
        """Write one step in one transaction."""
        encode = self._encoder.encode
        with self._connection as write:
            write.executemany(
                "REPLACE INTO orders VALUES (?, ?, ?, ?)",
                [(*key, order.is_open, encode(order)) for key, order in batch.orders.items()],
            )
            write.executemany(
                "INSERT OR IGNORE INTO trades VALUES (?, ?, ?, ?)",
                [(trade.symbol, trade.trade_id, trade.order_id, encode(trade)) for trade in batch.trades],
            )
            write.executemany(
                "REPLACE INTO balances VALUES (?, ?, ?, ?)",
                [(*key, str(balance.free), str(balance.locked)) for key, balance in batch.balances.items()],
            )

    def accounts(self) -> list[Account]:
        rows = self._connection.execute("SELECT profile FROM accounts ORDER BY uid")
        accounts = [Account(msgspec.json.decode(row[0], type=AccountProfile)) for row in rows]
        by_uid = {account.uid: account for account in accounts}
        for uid, asset, free, locked in self._connection.execute("SELECT * FROM balances"):
            by_uid[uid].balances[asset] = Balance(Decimal(free), Decimal(locked))
        return accounts

    def orders(self) -> list[Order]:
        """All open orders and the latest closed ones, oldest first."""
        decode = msgspec.json.Decoder(Order).decode
        query = (
            "SELECT body FROM orders WHERE is_open UNION ALL SELECT body FROM"
            " (SELECT body FROM orders WHERE NOT is_open ORDER BY order_id DESC LIMIT ?)"
        )
        orders = [decode(row[0]) for row in self._connection.execute(query, (HISTORY_ROWS,))]
        return sorted(orders, key=lambda order: (order.created_at, order.order_id))

    def trades(self) -> list[Trade]:
        """The latest fills, oldest first."""
        decode = msgspec.json.Decoder(Trade).decode
        query = "SELECT body FROM trades ORDER BY trade_id DESC LIMIT ?"
        trades = [decode(row[0]) for row in self._connection.execute(query, (HISTORY_ROWS,))]
        return sorted(trades, key=lambda trade: (trade.time, trade.trade_id))

    def clear(self) -> None:
        """Forget accounts, orders and fills; counters go on."""
        with self._connection:
            for table in ("accounts", "balances", "orders", "trades"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed names

    def _meta(self, key: str, make: Callable[[], str]) -> str:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return str(row[0])
        value = make()
        with self._connection:
            self._connection.execute("INSERT INTO meta VALUES (?, ?)", (key, value))
        return value


def touched_balances(accounts: Iterable[Account]) -> dict[tuple[int, str], Balance]:
    """The changed balances of these accounts, to be saved."""
    return {
        (account.uid, asset): account.balance(asset)
        for account in accounts
        for asset in account.take_touched()
    }


def _open(path: str | None) -> sqlite3.Connection:
    if path is not None and Path(path).is_dir():
        raise StoreError(f"the venue's store {path} is a directory")
    try:
        connection = sqlite3.connect(path or ":memory:", timeout=0.2)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        # One writer for the file's whole life: a second venue on it is a mistake to be told at once.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreError(f"the venue's store {path} has version {version}, newer than {VERSION}")
        if version == 0:
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    except sqlite3.Error as error:
        raise StoreError(f"the venue's store {path} can't be used: {error}") from error
    return connection

"""The key type of demo and of recommended live keys: both wires, end to end."""

import asyncio
import random
from decimal import Decimal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.venues.desk import FAST, SYMBOL, limit, now, proof, until
from veloz_tui.domain.ids import client_order_id
from veloz_tui.domain.reports import CancelSucceeded, Channel, ChannelReported, SubmitAccepted
from veloz_tui.domain.types import ChannelState, Nanos
from veloz_tui.engine.actions import Cancel, Reconcile, Submit
from veloz_tui.sim.server import start_sim
from veloz_tui.sim.settings import DEFAULT_INSTRUMENTS, AccountSettings, MarketSettings, SimSettings
from veloz_tui.venues.base import VenueReport
from veloz_tui.venues.binance.adapter import BinanceSpotAdapter
from veloz_tui.venues.binance.requests import signer_for
from veloz_tui.venues.binance.settings import BinanceSettings, loopback


async def test_an_ed25519_key_places_cancels_and_subscribes() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    sim = await start_sim(
        SimSettings(
            accounts=(AccountSettings(api_key="e" * 64, credential=public),),
            market=MarketSettings(instruments=DEFAULT_INSTRUMENTS[:1]),
        )
    )
    reports: list[VenueReport] = []
    adapter = BinanceSpotAdapter(
        BinanceSettings(hosts=loopback(port=sim.port), symbols=(SYMBOL,), stream=FAST),
        signer_for(api_key="e" * 64, secret=pem),
        reports.append,
        now=now,
        jitter=random.Random(1).random,
    )
    adapter.set_gate(is_open=True, reason="")
    running = asyncio.create_task(adapter.run())

    def told(channel: Channel, state: ChannelState) -> bool:
        return any(
            isinstance(one, ChannelReported) and (one.channel, one.state) == (channel, state)
            for one in reports
        )

    await until(lambda: told(Channel.USER, ChannelState.SYNCING) and told(Channel.ORDERS, ChannelState.READY))
    adapter.reconcile(Reconcile(adapter.venue, (), ()))  # REST, signed
    await until(lambda: told(Channel.USER, ChannelState.READY))
    order_id = client_order_id(account="ED", epoch=1, counter=1)
    request = limit("0.001", Decimal(50_000))
    order = Submit(order_id, adapter.venue, request, seq=1, deadline=Nanos(2**62))
    adapter.submit(order, proof(order_id, 1))
    await until(lambda: any(isinstance(one, SubmitAccepted) for one in reports))
    adapter.cancel(Cancel(order_id, adapter.venue, request.instrument_id, None, order_id))
    await until(lambda: any(isinstance(one, CancelSucceeded) for one in reports))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await sim.stop()

"""Rules that need more than one setting: what LIVE asks for, names that must exist elsewhere."""

import difflib
from collections.abc import Iterator

from veloz_tui.config.hosts import is_live_host, is_loopback
from veloz_tui.config.model import SettingsModel
from veloz_tui.config.origin import Origin
from veloz_tui.config.problem import Problem
from veloz_tui.config.toml_lines import KeyPath
from veloz_tui.domain.types import EXTERNAL, MANUAL, Mode

BUILT_IN_STRATEGIES = ("market_maker", "twap", "grid", "momentum")
TAIL_PHRASE = "I accept losing the tail"
HOSTS_PHRASE = "these are test hosts"
LIVE_LIMITS = ("max_order_size", "max_position_size")
STRATEGY_NAME = "a to z, 0 to 9, - and _, at most 16, a letter first"


def cross_problems(model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    """Check what single settings can't know."""
    yield from _paper(model, origin)
    yield from _live(model, origin)
    yield from _test_hosts(model, origin)
    yield from _reserves(model, origin)
    yield from _instruments(model, origin)
    yield from _strategies(model, origin)
    yield from _keymap(model, origin)


def _paper(model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    if model.profile.mode is Mode.PAPER:
        what = "mode PAPER is not there yet"
        yield Problem(what, origin.where(("profile", "mode")), "use DEMO, TEST or LIVE")


def _live(model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    if model.profile.mode is not Mode.LIVE:
        return
    journal = model.journal
    if journal.durability == "process" and journal.allow_process_durability_in_live != TAIL_PHRASE:
        yield Problem(
            'journal.durability = "process" loses the last orders in a power cut, and this is LIVE',
            origin.where(("journal", "durability")),
            f'write "power", or allow_process_durability_in_live = "{TAIL_PHRASE}"',
        )
    for name in LIVE_LIMITS:
        path = ("risk", name)
        if name not in model.risk.model_fields_set:
            remedy = f"add to [risk]: {name} = … (in {model.profile.quote})"
            yield Problem(f"LIVE needs a risk.{name} of your own", origin.where(path), remedy)
        elif getattr(model.risk, name) is None:
            yield Problem(f"risk.{name} can't be off in LIVE", origin.where(path), "write a number")


def _test_hosts(model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    hosts = model.venues.binance.test_hosts
    if hosts is None:
        return
    path = ("venues", "binance", "test_hosts")
    if model.profile.mode is not Mode.TEST:
        what = f"venues.binance.test_hosts is for mode TEST only, and this is {model.profile.mode}"
        yield Problem(what, origin.where(path), "remove the table; hosts of the other modes can't be set")
        return
    if hosts.confirm != HOSTS_PHRASE:
        what = "orders would go to hosts of your own choice"
        yield Problem(what, origin.where(path), f'add confirm = "{HOSTS_PHRASE}"')
    for name, scheme in (("rest", "https://"), ("websocket_api", "wss://"), ("streams", "wss://")):
        url: str = getattr(hosts, name)
        # A simulated venue on this machine has no certificate, and nobody in between.
        if not url.startswith(scheme) and not is_loopback(url):
            what = f"{'.'.join(path)}.{name} = {url!r} is not encrypted"
            yield Problem(what, origin.where((*path, name)), f"write a URL that begins with {scheme}")
        if is_live_host(url):
            what = f"{'.'.join(path)}.{name} = {url!r} is a host of the real exchange"
            yield Problem(what, origin.where((*path, name)), 'use a test host, or mode = "LIVE"')


def _reserves(model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    binance = model.venues.binance
    total = binance.cancel_reserve + binance.operator_reserve
    if total > 0.8:
        what = f"the reserves of venues.binance are {total:.2f} of the rate budget"
        where = origin.where(("venues", "binance", "cancel_reserve"))
        yield Problem(what, where, "leave at least 0.2 for strategies: lower one of them")
    if model.profile.mode is Mode.LIVE and binance.cancel_reserve < 0.1:
        what = f"venues.binance.cancel_reserve = {binance.cancel_reserve} leaves a kill too few requests"
        yield Problem(
            what, origin.where(("venues", "binance", "cancel_reserve")), "write at least 0.1 in LIVE"
        )


def _instruments(model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    # A limit for an instrument with a slip in its name would limit nothing.
    for name in model.risk.instruments:
        yield from _known(name, ("risk", "instruments", name), model, origin)
    if "sizes" in model.console.model_fields_set:
        for name in model.console.sizes:
            yield from _known(name, ("console", "sizes", name), model, origin)
    for strategy_name, strategy in model.strategies.items():
        setting = "instrument" if strategy.instruments is None else "instruments"
        for name in strategy.instruments or (strategy.instrument or "",):
            yield from _known(name, ("strategies", strategy_name, setting), model, origin)


def _known(name: str, path: KeyPath, model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    traded = model.venues.binance.instruments
    if name in traded:
        return
    close = difflib.get_close_matches(name, traded, n=1, cutoff=0.9)
    remedy = f"did you mean {close[0]}? Else add" if close else "add"
    remedy = f"{remedy} it to venues.binance.instruments"
    yield Problem(f"{'.'.join(path)}: {name} is not among the traded instruments", origin.where(path), remedy)


def _strategies(model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    for name, strategy in model.strategies.items():
        path: KeyPath = ("strategies", name)
        usable = name.replace("-", "").replace("_", "").isalnum() and name.isascii() and name == name.lower()
        if not (usable and name[0].isalpha() and len(name) <= 16) or name in {MANUAL, EXTERNAL}:
            yield Problem(f"{name!r} can't name a strategy", origin.where(path), f"use {STRATEGY_NAME}")
        file = strategy.source.partition(":")[0]
        if file in BUILT_IN_STRATEGIES or file.endswith(".py"):
            continue
        close = difflib.get_close_matches(file, BUILT_IN_STRATEGIES, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        choice = " | ".join((*BUILT_IN_STRATEGIES, "file.py", "file.py:Class"))
        what = f"strategies.{name}.class = {strategy.source!r} is no strategy"
        yield Problem(what, origin.where((*path, "class")), f"{hint}{choice}")


def _keymap(model: SettingsModel, origin: Origin) -> Iterator[Problem]:
    if "kill" in model.console.keymap:
        where = origin.where(("console", "keymap", "kill"))
        yield Problem("the kill keys are not set in console.keymap", where, "set kill.chords")
    taken = {chord: action for action, chords in model.console.keymap.items() for chord in chords}
    for chord in model.kill.chords:
        action = taken.get(chord)
        if action is not None and action != "kill":
            where = origin.where(("console", "keymap", action))
            yield Problem(f"{chord} kills, and console.keymap gives it to {action}", where, "use another key")

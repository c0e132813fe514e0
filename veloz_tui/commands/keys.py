"""`veloz keys add | list | check | remove | password`: API keys, checked at the venue before being kept."""

import asyncio
import secrets
import sys
import time
from pathlib import Path

import click

from veloz_tui.commands.parts import load_settings
from veloz_tui.commands.profile import Profile, emit, emit_json, is_interactive, json_option, say
from veloz_tui.config.keyrings import KeyringUnusable
from veloz_tui.config.keys import (
    CheckedKey,
    KeyFacts,
    KeySummary,
    add_key,
    check_key,
    list_keys,
    remove_key,
)
from veloz_tui.config.plain import Settings
from veloz_tui.config.secret import ApiKey, Secret, kind_of
from veloz_tui.config.secrets import SecretStore, open_store, service_name
from veloz_tui.config.vault import OpenVault, Vault, unlock_with_retries
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime.clock import EngineClock
from veloz_tui.runtime.venue_hosts import binance_hosts
from veloz_tui.venues.binance import keycheck
from veloz_tui.venues.binance.requests import signer_for

VENUE = "BINANCE"
MAX_SECRET_BYTES = 8192


@click.group()
def keys() -> None:
    """API keys, in the system's keyring or an encrypted vault; never in a file, an argument or a variable."""


@keys.command("add")
@click.argument("name")
@click.option(
    "--private-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The Ed25519 key as a PEM file, instead of typing an HMAC secret.",
)
@click.pass_obj
def add_command(profile: Profile, *, name: str, private_key: Path | None) -> int:
    """Ask for a key, ask the venue what it may do, keep it. The secret is typed, never shown.

    \b
    veloz --profile live keys add binance-live
    veloz --profile live keys add binance-live --private-key ed25519.pem
    """
    settings = _settings_with_keys(profile)
    store = _store(profile, settings, may_create=True)
    api_key = _ask_secret("API key: ")
    secret = _read_pem(private_key) if private_key is not None else _ask_secret("Secret (not shown): ")
    key = ApiKey(
        name=name,
        venue=VENUE,
        kind=kind_of(secret.reveal()),
        environment="live" if settings.profile.mode is Mode.LIVE else "test",
        api_key=api_key,
        secret=secret,
    )
    checked = asyncio.run(add_key(store, key, _checker(settings)))
    _say_checked(checked, kept_in=store.label)
    return 0


@keys.command("list")
@json_option
@click.pass_obj
def list_command(profile: Profile, *, as_json: bool) -> int:
    """List the stored keys, without showing them.

    \b
    veloz --profile live keys list
    """
    found = asyncio.run(list_keys(_store(profile, _settings_with_keys(profile))))
    if as_json:
        emit_json(found)
    else:
        emit("\n".join(_summary(one) for one in found) or "no keys – add one: veloz keys add NAME")
    return 0


@keys.command("check")
@click.argument("name")
@json_option
@click.pass_obj
def check_command(profile: Profile, *, name: str, as_json: bool) -> int:
    """Ask the venue what a stored key may do now.

    \b
    veloz --profile live keys check binance-live
    """
    settings = _settings_with_keys(profile)
    store = _store(profile, settings)
    checked = asyncio.run(check_key(store, name, _checker(settings)))
    if as_json:
        emit_json(checked)
    else:
        _say_checked(checked, kept_in=store.label)
    return 0


@keys.command("remove")
@click.argument("name")
@click.pass_obj
def remove_command(profile: Profile, *, name: str) -> int:
    """Forget a key. At the venue it lives on: delete it there too.

    \b
    veloz --profile live keys remove binance-live
    """
    asyncio.run(remove_key(_store(profile, _settings_with_keys(profile)), name))
    emit(f"key {name} is forgotten here; delete it at the venue too")
    return 0


@keys.command("password")
@click.pass_obj
def password_command(profile: Profile) -> int:
    """Give the encrypted vault another password. What runs goes on; the next start asks for the new one.

    \b
    veloz --profile live keys password
    """
    _settings_with_keys(profile)
    vault = Vault(profile.paths.vault, service=service_name(profile.name))
    if not vault.exists():
        raise ConfigError(f"there is no vault – {vault.path} – a keyring of the system has its own password")
    opened = unlock_with_retries(vault, ask=_ask_password, wait=time.sleep)
    opened.change_password(_ask_new_password("the password is as it was", path=vault.path))
    emit(f"the vault has another password – {vault.path}; a backup of it still opens with the old one")
    return 0


def _settings_with_keys(profile: Profile) -> Settings:
    settings = load_settings(profile.name, profile.config_path)
    if settings.profile.mode is Mode.DEMO:
        raise ConfigError(
            f"DEMO needs no keys – profile {profile.name} – for a real account make a profile: "
            "veloz --profile live init --mode LIVE"
        )
    return settings


def _store(profile: Profile, settings: Settings, *, may_create: bool = False) -> SecretStore:
    service = service_name(profile.name)
    profile.paths.create()
    vault = Vault(profile.paths.vault, service=service)
    choice = settings.secrets.backend

    def unlock(vault: Vault) -> OpenVault:
        if not vault.exists() and may_create:
            return _make_vault(vault)
        return unlock_with_retries(vault, ask=_ask_password, wait=time.sleep)

    try:
        return open_store(choice, service=service, vault=vault, unlock=unlock)
    except KeyringUnusable as error:
        if choice != "auto" or not may_create or not is_interactive():
            raise
        say(f"veloz: {error}")
        if click.prompt("V for an encrypted vault, anything else gives up", err=True).strip().upper() != "V":
            raise click.Abort from None
        return SecretStore(_make_vault(vault))


def _make_vault(vault: Vault) -> OpenVault:
    say(f"A new vault is made at {vault.path}. Without its password the keys in it are lost.")
    return vault.create(_ask_new_password("no vault was made", path=vault.path))


def _ask_new_password(otherwise: str, *, path: Path) -> Secret:
    first, again = _ask_secret("New password (not shown): "), _ask_secret("Again: ")
    if not first.matches(again.reveal()):
        raise ConfigError(f"the two passwords differ, {otherwise} – {path} – run the command again")
    return first


def _ask_password(question: str) -> Secret | None:
    try:
        return _ask_secret(question)
    except (click.Abort, ConfigError):  # the end of a pipe: there is no second try
        return None


def _ask_secret(question: str) -> Secret:
    # Typed on a terminal, or one line from a pipe (a password manager); never an argument.
    if sys.stdin.isatty():
        text = click.prompt(question, hide_input=True, prompt_suffix="", err=True)
        assert isinstance(text, str)
    else:
        text = sys.stdin.readline(MAX_SECRET_BYTES)
    if not text.strip():
        raise ConfigError(
            f"nothing was given – {question.rstrip(': ')} – type it, or give it as a line of input"
        )
    return Secret(text.strip())


def _read_pem(path: Path) -> Secret:
    with path.open("rb") as file:
        content = file.read(MAX_SECRET_BYTES)
    text = content.decode("ascii", "replace").strip()
    if kind_of(text) != "ed25519":
        raise ConfigError(f"no private key in PEM – {path} – make one: openssl genpkey -algorithm ed25519")
    return Secret(text)


class _Checker:
    """Asks the venue about a key (config.keys.KeyCheck)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def __call__(self, key: ApiKey) -> KeyFacts:
        found = await keycheck.check_key(
            binance_hosts(self._settings.venues.binance, sim_port=None),
            signer_for(api_key=key.api_key.reveal(), secret=key.secret.reveal()),
            now=EngineClock().now,
            jitter=secrets.SystemRandom().random,
        )
        # The testnet can't say (None): there is no money to move, and no address to restrict.
        return KeyFacts(
            can_read=True,
            can_trade=found.can_trade,
            can_withdraw=bool(found.can_withdraw),
            can_transfer=bool(found.can_transfer),
            ip_restricted=found.is_ip_restricted is not False,
            account_uid=found.account_uid,
            clock_offset_ms=round(found.clock_offset_ms),
        )


def _checker(settings: Settings) -> _Checker:
    return _Checker(settings)


def _say_checked(checked: CheckedKey, *, kept_in: str) -> None:
    emit(f"{_summary(checked.summary)} – kept in {kept_in}")
    for warning in checked.warnings:
        say(f"WARN {warning}")


def _summary(key: KeySummary) -> str:
    moves_money = " MAY MOVE MONEY OUT" if key.allow_withdrawals else ""
    return f"{key.name} {key.venue} {key.environment} {key.kind} …{key.api_key_ends}{moves_money}"

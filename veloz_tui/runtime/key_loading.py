"""The API keys of a profile, from the store that its settings name, for the engine's start order."""

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings
from veloz_tui.config.secret import Secret
from veloz_tui.config.secrets import open_store, service_name
from veloz_tui.config.vault import OpenVault, Vault
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime.link import KeyMaterial


def load_keys(settings: Settings, paths: ProfilePaths, password: str) -> tuple[KeyMaterial, ...]:
    """Read the key that the profile's venue needs. Raises ConfigError with what to do; blocks for seconds."""
    service = service_name(paths.profile)
    vault = Vault(paths.vault, service=service)

    def unlock(vault: Vault) -> OpenVault:
        if not password:
            raise ConfigError(f"the vault is locked - {paths.vault} - start veloz on a terminal and type it")
        return vault.unlock(Secret(password))

    store = open_store(settings.secrets.backend, service=service, vault=vault, unlock=unlock)
    key = store.require(settings.venues.binance.key)
    wanted = "live" if settings.profile.mode is Mode.LIVE else "test"
    if key.environment != wanted:
        raise ConfigError(
            f"key {key.name} is for {key.environment}, the profile's mode is {settings.profile.mode} - "
            f"{store.label} - add a {wanted} key: veloz keys add"
        )
    return (KeyMaterial("BINANCE", key.api_key.reveal(), key.secret.reveal()),)


def needs_password(settings: Settings, paths: ProfilePaths) -> bool:
    """Whether starting will ask for the vault's password."""
    if settings.profile.mode is Mode.DEMO:
        return False
    vault = Vault(paths.vault, service=service_name(paths.profile))
    return settings.secrets.backend == "vault" or (settings.secrets.backend == "auto" and vault.exists())

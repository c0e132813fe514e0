"""Read a profile's settings: the file, then the environment, which wins.

`VELOZ_RISK__MAX_ORDER_SIZE=500` sets `risk.max_order_size`; variables without a double underscore
(VELOZ_PROFILE …) are not settings. Everything wrong is reported at once, as InvalidSettings.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from veloz_tui.config.explain import explain
from veloz_tui.config.filesystem import OTHERS_CAN_WRITE
from veloz_tui.config.model import SettingsModel
from veloz_tui.config.origin import ENVIRONMENT_PREFIX, NESTED, Origin
from veloz_tui.config.paths import DEFAULT_PROFILE, ProfilePaths
from veloz_tui.config.plain import Settings
from veloz_tui.config.problem import InvalidSettings, Problem
from veloz_tui.config.rules import cross_problems
from veloz_tui.config.to_plain import to_plain
from veloz_tui.config.toml_lines import key_lines
from veloz_tui.domain.errors import ConfigError

LONGEST_FILE = 1_000_000
Tree = dict[str, object]


class Layer(PydanticBaseSettingsSource):
    """A tree of settings from one place, as pydantic-settings wants it."""

    def __init__(self, model: type[BaseSettings], tree: Tree) -> None:
        super().__init__(model)
        self.tree = tree

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        return self.tree.get(field_name), field_name, False

    def __call__(self) -> Tree:
        return self.tree


def _layered(file: Tree, environment: Mapping[str, str]) -> type[SettingsModel]:
    # pydantic-settings asks the class for its sources, so the layers of one reading need one class.
    class LayeredModel(SettingsModel):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            assert isinstance(env_settings, EnvSettingsSource)
            env_settings.env_vars = {name.lower(): value for name, value in environment.items()}
            return env_settings, Layer(settings_cls, file)

    return LayeredModel


def load_settings(
    profile: str = DEFAULT_PROFILE,
    *,
    environ: Mapping[str, str] | None = None,
    config_file: Path | None = None,
) -> Settings:
    """Return a profile's settings, or raise InvalidSettings with everything that is wrong.

    The demo profile needs no file.
    """
    environ = os.environ if environ is None else environ
    path = config_file or ProfilePaths.of(profile, environ=environ).config_file
    text = _read(path)
    if text is None and profile != DEFAULT_PROFILE:
        raise ConfigError(f"there is no profile {profile} – {path} – make it: veloz --profile {profile} init")
    environment = {
        name: value
        for name, value in environ.items()
        if name.upper().startswith(ENVIRONMENT_PREFIX) and NESTED in name
    }
    file = parse_toml(text or "", name=str(path))
    origin = Origin(file=str(path), lines=key_lines(text or ""), environment=environment)
    model = _validate(file, origin)
    problems = [*_live_by_environment(origin), *cross_problems(model, origin)]
    if problems:
        raise InvalidSettings(problems)
    return to_plain(model, profile=profile)


def parse_toml(text: str, *, name: str) -> Tree:
    """Parse a document; InvalidSettings names the line and the column of what is broken."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _raise_broken(error, text=text, name=name)


def _raise_broken(error: tomllib.TOMLDecodeError, *, text: str, name: str) -> NoReturn:
    message = str(error)
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)", message)
    what = message[: found.start()] if found else message
    line = int(found[1]) if found and found[1] else len(text.splitlines())
    column = f":{found[2]}" if found and found[2] else ""
    problem = Problem(
        what=f"not readable as TOML: {what[:1].lower()}{what[1:]}",
        where=f"{name}:{max(line, 1)}{column}",
        remedy='mend that line: name = value, texts in "quotes", numbers without thousands separators',
    )
    raise InvalidSettings([problem]) from error


def _validate(file: Tree, origin: Origin) -> SettingsModel:
    try:
        return _layered(file, origin.environment)()
    except ValidationError as error:
        raise InvalidSettings(list(explain(error.errors(include_url=False), origin))) from None


def _live_by_environment(origin: Origin) -> list[Problem]:
    # A variable that an old shell still exports must never turn a demo into real money.
    name = next((name for name in origin.environment if name.upper() == "VELOZ_PROFILE__MODE"), None)
    if name is None or origin.environment[name].strip().upper() != "LIVE":
        return []
    where = f"environment variable {name}"
    return [
        Problem("LIVE can't be chosen by the environment", where, f'write mode = "LIVE" in {origin.file}')
    ]


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_mode & OTHERS_CAN_WRITE:
            raise ConfigError(f"other users can change the settings – {path} – run: chmod go-w {path}")
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"can't read the settings: {error.strerror} – {path} – mend its rights") from error
    if len(content) > LONGEST_FILE:
        raise ConfigError(f"longer than {LONGEST_FILE:,} bytes – {path} – these can't be settings")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"not UTF-8 text – {path}:{line} – save the file as UTF-8") from error

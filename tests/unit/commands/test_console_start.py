"""The settings as a console gets them: read by another process, or refused in that one's words."""

from pathlib import Path

import pytest

from veloz_tui.commands.console_start import SettingsReader
from veloz_tui.commands.profile import Profile
from veloz_tui.config.settings import load_settings
from veloz_tui.domain.errors import ConfigError


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_they_are_the_same_as_read_in_this_process(tmp_path: Path) -> None:
    path = write(tmp_path, '[console]\ntheme = "light"\n[risk]\nmax_order_size = "1234.5"\n')
    reader = SettingsReader(Profile("demo", path))
    settings = reader.settings()
    assert settings == load_settings("demo", config_file=path)
    assert reader.settings() is settings
    start, problem = reader.console_start()
    assert start is not None and start.console.theme == "light" and not problem


def test_a_refusal_has_the_other_processes_words_and_code(tmp_path: Path) -> None:
    path = write(tmp_path, "[risk]\nmax_order_sise = 5\n")
    reader = SettingsReader(Profile("demo", path))
    with pytest.raises(ConfigError, match=r"settings\.toml:2") as refused:
        reader.settings()
    assert refused.value.exit_code == 2
    assert not str(refused.value).startswith("veloz:")
    start, problem = reader.console_start()
    assert start is None and f"{path}:2" in problem

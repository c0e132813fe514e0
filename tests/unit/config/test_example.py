"""The example file: complete, true, and readable by the program it documents."""

import re
import textwrap
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from veloz_tui.config.example import render_default_config
from veloz_tui.config.explain import known_names
from veloz_tui.config.model import Binance, SettingsModel, Strategy
from veloz_tui.config.settings import load_settings
from veloz_tui.domain.types import Mode

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLE = (REPOSITORY / "config.example.toml").read_text()
UNCOMMENTED = re.sub(r"(?m)^#(?=[^ \n])", "", EXAMPLE)
BLOCKS = [
    textwrap.dedent(re.sub(r"(?m)^#", "", block)) for block in re.findall(r"(?m)(?:^#     .*\n)+", EXAMPLE)
]


def load(tmp_path: Path, text: str) -> object:
    file = tmp_path / "demo.toml"
    file.write_text(text)
    return load_settings(environ={"HOME": str(tmp_path)}, config_file=file)


def test_the_example_uncommented_equals_the_defaults(tmp_path: Path) -> None:
    assert len(tomllib.loads(UNCOMMENTED)) >= 8
    assert load(tmp_path, UNCOMMENTED) == load_settings(environ={"HOME": str(tmp_path)})


def test_the_example_as_it_is_sets_nothing() -> None:
    assert tomllib.loads(EXAMPLE) == {}


def test_every_setting_is_shown_with_its_default_or_in_an_example() -> None:
    shown = tomllib.loads(UNCOMMENTED)

    def missing(model: type[BaseModel], tree: object, path: str) -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            inner = tree.get(name) if isinstance(tree, dict) else None
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                found += missing(field.annotation, inner, f"{path}{name}.")
            elif inner is None:
                found.append(f"{path}{name}")
        return found

    in_blocks = {"venues.binance.test_hosts", "risk.instruments", "console.keymap", "strategies"}
    assert set(missing(SettingsModel, shown, "")) == in_blocks
    assert len(BLOCKS) == len(in_blocks)
    blocks = "\n".join(BLOCKS)
    for path in (("strategies", "x"), ("venues", "binance", "test_hosts"), ("risk", "instruments", "X")):
        for name in known_names(path):
            assert re.search(rf"(?m)\b{name}\b", blocks), name


@pytest.mark.parametrize("block", BLOCKS)
def test_each_example_table_is_accepted(tmp_path: Path, block: str) -> None:
    assert tomllib.loads(block)
    head = '[profile]\nmode = "TEST"\n' if "test_hosts" in block else ""
    load(tmp_path, head + block)


def test_strategy_defaults_in_the_example_are_the_real_ones() -> None:
    block = next(block for block in BLOCKS if "[strategies." in block)
    shown = tomllib.loads(block)["strategies"]["mm-1"]
    for name in set(shown) - {"class", "instrument", "params"}:
        assert shown[name] == Strategy.model_fields[name].default


def test_bounds_named_in_the_text_are_the_real_ones() -> None:
    assert "Milliseconds (500 to 5000)" in EXAMPLE
    bounds = {type(rule).__name__: rule for rule in Binance.model_fields["recv_window_ms"].metadata}
    assert (getattr(bounds["Ge"], "ge", None), getattr(bounds["Le"], "le", None)) == (500, 5_000)


@pytest.mark.parametrize("mode", list(Mode))
def test_init_writes_the_mode_and_nothing_else(mode: Mode) -> None:
    assert tomllib.loads(render_default_config(mode)) == {"profile": {"mode": mode.value}}

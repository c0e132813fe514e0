"""Log files: private, bounded, silent."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from veloz_tui.config import logs
from veloz_tui.config.logs import FILES, PrivateRotatingFile, configure_logging
from veloz_tui.domain.errors import ConfigError


@pytest.fixture(autouse=True)
def own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What configure_logging changes is put back."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    root.handlers = []
    monkeypatch.setattr(logs, "install_hooks", lambda: None)
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers = kept
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def handler() -> PrivateRotatingFile:
    [found] = logging.getLogger().handlers
    assert isinstance(found, PrivateRotatingFile)
    return found


def test_each_line_is_json_with_the_time_and_the_process(tmp_path: Path) -> None:
    path = configure_logging(tmp_path / "logs", "guardian")
    logging.getLogger("veloz_tui.x").warning("price %s\x1b]52;c;x\x07\nfake line", 5)
    [line] = path.read_text().splitlines()
    fields = json.loads(line)
    assert fields["message"] == "price 5\x1b]52;c;x\x07\nfake line"
    assert fields["process"].startswith("guardian[")
    assert fields["at"].endswith("+00:00")
    assert (fields["level"], fields["logger"]) == ("WARNING", "veloz_tui.x")
    assert "\x1b" not in line


def test_files_and_their_directory_are_private(tmp_path: Path) -> None:
    path = configure_logging(tmp_path / "logs", "engine")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_log_file_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir(mode=0o700)
    (tmp_path / "logs/engine.log").touch(mode=0o644)
    (tmp_path / "logs/engine.log").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        configure_logging(tmp_path / "logs", "engine")


def test_the_files_never_exceed_their_number_and_size(tmp_path: Path) -> None:
    path = configure_logging(tmp_path / "logs", "engine")
    handler().maxBytes = 2_000
    for number in range(300):
        logging.getLogger("x").info("message number %d", number)
    files = sorted(path.parent.iterdir())
    assert len(files) == FILES
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    assert "message number 299" in path.read_text()


def test_a_giant_message_is_cut(tmp_path: Path) -> None:
    path = configure_logging(tmp_path / "logs", "engine")
    logging.getLogger("x").info("x" * 1_000_000)
    assert path.stat().st_size < 30_000


def test_a_failed_write_is_counted_and_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging(tmp_path / "logs", "engine")
    handler().close()
    handler().baseFilename = str(tmp_path / "gone/engine.log")
    logging.getLogger("x").info("lost")
    assert handler().failures == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["httpx", "httpcore", "websockets"])
def test_libraries_that_log_urls_and_frames_are_kept_quiet(tmp_path: Path, name: str) -> None:
    configure_logging(tmp_path / "logs", "engine")
    assert not logging.getLogger(f"{name}.client").isEnabledFor(logging.INFO)

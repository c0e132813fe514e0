"""What other programs may do with this process's memory."""

import subprocess
import sys

import pytest

from veloz_tui.config.harden import Hardening, harden_process

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")

PROGRAM = """
import ctypes, json, resource, sys
from veloz_tui.config.harden import harden_process
done = harden_process(debug_attach=sys.argv[1] == "debug")
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
print(json.dumps([done.no_core_files, done.not_dumpable, dumpable, resource.getrlimit(resource.RLIMIT_CORE)]))
"""


def run(how: str) -> str:
    command = [sys.executable, "-c", PROGRAM, how]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


@LINUX
def test_a_hardened_process_writes_no_core_and_lets_nobody_attach() -> None:
    assert run("hardened") == "[true, true, 0, [0, 0]]"


@LINUX
def test_a_debugger_can_be_let_in() -> None:
    assert run("debug").startswith("[false, false, 1, ")


def test_letting_a_debugger_in_is_reported() -> None:
    assert harden_process(debug_attach=True) == Hardening(
        no_core_files=False, not_dumpable=False, memory_locked=False
    )

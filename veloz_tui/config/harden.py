"""Makes it harder for other programs to read this process's memory, where the keys are.

Measured: by default a crash writes a core file with the keys, and any program of the same user reads
them from /proc/PID/mem. Hardened, there is no core and /proc/PID/maps answers EACCES. The price:
py-spy, gdb and strace need root; `debug_attach` leaves the door open.
"""

import ctypes
import resource
import sys

import msgspec

PR_SET_DUMPABLE = 4
MCL_CURRENT = 1


class Hardening(msgspec.Struct, frozen=True, kw_only=True):
    """What was achieved; shown by `veloz check`."""

    no_core_files: bool
    not_dumpable: bool
    """Other programs of the same user can't attach (Linux)."""
    memory_locked: bool
    """Today's memory is never written to swap; needs privileges or a high RLIMIT_MEMLOCK."""


def harden_process(*, debug_attach: bool = False) -> Hardening:
    """Switch off core files and attaching, and try to keep memory out of swap."""
    if debug_attach:
        return Hardening(no_core_files=False, not_dumpable=False, memory_locked=False)
    return Hardening(
        no_core_files=_forbid_core_files(), not_dumpable=_forbid_attaching(), memory_locked=_lock_memory()
    )


def _forbid_core_files() -> bool:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return False
    return True


def _forbid_attaching() -> bool:
    if sys.platform != "linux":
        return False
    return _libc_call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def _lock_memory() -> bool:
    # Not MCL_FUTURE: under a limit, later allocations would fail instead of being swappable.
    return _libc_call("mlockall", MCL_CURRENT)


def _libc_call(name: str, *arguments: int) -> bool:
    try:
        function = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (OSError, AttributeError):
        return False
    return bool(function(*(ctypes.c_ulong(argument) for argument in arguments)) == 0)

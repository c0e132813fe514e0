"""Unix sockets only the owner reaches, and who is at the other end: the word of the kernel."""

import contextlib
import os
import socket
import stat
import struct
from pathlib import Path
from typing import NamedTuple

from veloz_tui.domain.errors import ConfigError

_UCRED = struct.Struct("3i")
# <sys/un.h> and <sys/ucred.h> of macOS and the BSDs: level 0, option 1, `struct xucred`; option 2 is the pid.
_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 1, 2
_XUCRED_BYTES = 76


class PeerIdentity(NamedTuple):
    """The peer's process and effective user, as of its connect call."""

    pid: int
    uid: int

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()


def peer_identity(connection: socket.socket) -> PeerIdentity:
    """Ask the kernel who connected. OSError where the system can't say: refuse such a peer."""
    if hasattr(socket, "SO_PEERCRED"):
        pid, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
        return PeerIdentity(pid, uid)
    found = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
    _, uid = struct.unpack_from("=II", found)
    (pid,) = struct.unpack("=i", connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4))
    return PeerIdentity(pid, uid)


def bind_private(path: Path) -> socket.socket:
    """Bind a Unix socket with mode 0600 from its first moment on; an old socket at `path` is replaced.

    Never an abstract one: those have no permissions.
    """
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigError(f"something that is no socket is in the way – {path} – move it away")
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old_mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise ConfigError(f"can't bind a socket: {error.strerror} – {path} – check the directory") from error
    finally:
        os.umask(old_mask)
    return listener


def terminal_name() -> str:
    """`pts/3`, or empty without a terminal."""
    for descriptor in (0, 1, 2):
        try:
            return os.ttyname(descriptor).removeprefix("/dev/")
        except OSError:
            continue
    return ""


def own_name() -> str:
    """How this process introduces itself: `pid 812 pts/3`."""
    return f"pid {os.getpid()} {terminal_name()}".rstrip()

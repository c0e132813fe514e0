"""Private directories and files: 0700 and 0600, ours, no symbolic links, no network disks.

Every refusal is a ConfigError with the path and the one command that mends it.
"""

import os
import re
import stat
import tempfile
from pathlib import Path

from veloz_tui.domain.errors import ConfigError

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
OTHERS_CAN_DO_ANYTHING = 0o077
OTHERS_CAN_WRITE = 0o022

# Locks and fsync on these don't mean what they mean on a disk of this machine: another
# machine may hold the same file, and a server's cache may lose what it acknowledged.
NETWORK_FILESYSTEMS = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "lustre", "ncpfs"),
        *("nfs", "nfs4", "ocfs2", "smb3", "smbfs", "virtiofs"),
    }
)
MOUNTINFO = Path("/proc/self/mountinfo")


def ensure_private_directory(path: Path, *, refused_mode: int = OTHERS_CAN_DO_ANYTHING) -> None:
    """Make `path` (and its missing parents) as 0700 directories of ours, or check that it is one."""
    missing = [path, *(parent for parent in path.parents if not parent.exists())]
    for directory in reversed(missing):
        try:
            directory.mkdir(mode=DIRECTORY_MODE)
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigError(
                f"can't make a directory: {error.strerror} – {directory} – make it, or free its place"
            ) from error
    check_private_directory(path, refused_mode=refused_mode)


def check_private_directory(path: Path, *, refused_mode: int = OTHERS_CAN_DO_ANYTHING) -> None:
    """Refuse a directory that is a link, someone else's, or open to others."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigError(
            f"{_kind(found)} where a directory should be – {path} – move it away: mv {path} {path}.old"
        )
    _check_owner(path, found)
    _check_mode(path, found, refused=refused_mode, wanted=DIRECTORY_MODE)


def check_private_file(path: Path) -> None:
    """Refuse a file that is a link, someone else's, or open to others; a missing one is fine."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    _check_file(path, found)


def _check_file(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(
            f"{_kind(found)} where a file should be – {path} – move it away: mv {path} {path}.old"
        )
    _check_owner(path, found)
    _check_mode(path, found, refused=OTHERS_CAN_DO_ANYTHING, wanted=FILE_MODE)


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise ConfigError(
            f"it belongs to user {found.st_uid}, not to you ({os.geteuid()}) – {path} – "
            f"run veloz as its owner, or choose another place with XDG_STATE_HOME"
        )


def _check_mode(path: Path, found: os.stat_result, *, refused: int, wanted: int) -> None:
    if found.st_mode & refused:
        mode = stat.S_IMODE(found.st_mode)
        raise ConfigError(
            f"other users can reach it (mode {mode:04o}) – {path} – run: chmod {wanted:o} {path}"
        )


def _kind(found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return "a symbolic link"
    return "a directory" if stat.S_ISDIR(found.st_mode) else "something else"


def open_private(path: Path, flags: int) -> int:
    """Open a file of ours, made 0600 when missing, and return its descriptor.

    The checks are made on the descriptor: the name can't be swapped in between.
    """
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        check_private_file(path)  # names the symbolic link, if it is one
        raise ConfigError(
            f"can't open it: {error.strerror} – {path} – check the disk and its rights"
        ) from error
    try:
        _check_file(path, os.fstat(descriptor))
    except ConfigError:
        os.close(descriptor)
        raise
    return descriptor


def read_private(path: Path, *, limit: int) -> bytes:
    """Read a file of ours of at most `limit` bytes. FileNotFoundError if there is none."""
    check_private_file(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        _check_file(path, os.fstat(descriptor))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ConfigError(
            f"longer than {limit:,} bytes – {path} – it is not a file veloz wrote: move it away"
        )
    return content


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file of ours: after a power cut there is the old or the new content, never a mixture."""
    check_private_file(path)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600, O_EXCL
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make a rename in `path` survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def filesystem_type(path: Path, mountinfo: str) -> str | None:
    """Name the filesystem that holds an absolute, resolved `path`; the format is proc(5)'s mountinfo."""
    best: tuple[int, str] | None = None
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:
            continue
        mount_point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4]))
        depth = len(mount_point.parts)
        # A later mount on the same point covers the earlier one.
        if path.is_relative_to(mount_point) and (best is None or depth >= best[0]):
            best = (depth, after.split(" ", 1)[0])
    return best[1] if best else None


def refuse_network_filesystem(path: Path, *, mountinfo: str | None = None) -> None:
    """Refuse a directory for the journal on a network or FUSE filesystem (Linux; elsewhere unchecked)."""
    if mountinfo is None:
        if not MOUNTINFO.exists():
            return
        mountinfo = MOUNTINFO.read_text(errors="surrogateescape")
    kind = filesystem_type(path.resolve(), mountinfo)
    if kind is None or not (kind in NETWORK_FILESYSTEMS or kind.split(".", 1)[0] == "fuse"):
        return
    raise ConfigError(
        f"the journal can't live on a network or FUSE filesystem ({kind}): locks and fsync can't be "
        f"trusted there – {path} – set XDG_STATE_HOME to a directory on a disk of this machine"
    )

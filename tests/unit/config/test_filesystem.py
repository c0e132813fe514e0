"""Private files, atomic writes, network disks."""

import os
from pathlib import Path

import pytest

from veloz_tui.config.filesystem import (
    check_private_file,
    filesystem_type,
    open_private,
    read_private,
    refuse_network_filesystem,
    write_atomically,
)
from veloz_tui.domain.errors import ConfigError

MOUNTS = r"""
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:33 / /home rw shared:5 - nfs4 server:/home rw,vers=4.2
41 40 0:34 / /home/me/fast rw - xfs /dev/sdb rw
42 27 0:35 / /mnt/my\040disk rw - fuse.sshfs me@there:/ rw
43 27 0:36 / /data rw - ext4 /dev/sdc rw
44 43 0:37 / /data rw - cifs //server/data rw
45 27 0:38 / /usb rw - fuseblk /dev/sdd rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/home/me/.local/state", "nfs4"),
        ("/home/me/fast/veloz", "xfs"),
        ("/home/me/faster", "nfs4"),
        ("/mnt/my disk/x", "fuse.sshfs"),
        ("/data/x", "cifs"),
    ],
)
def test_the_deepest_and_latest_mount_holds_the_path(path: str, kind: str) -> None:
    assert filesystem_type(Path(path), MOUNTS) == kind


@pytest.mark.parametrize("path", ["/home/me/x", "/mnt/my disk/x", "/data/x"])
def test_network_disks_are_refused_with_a_remedy(path: str) -> None:
    with pytest.raises(ConfigError, match="XDG_STATE_HOME"):
        refuse_network_filesystem(Path(path), mountinfo=MOUNTS)


@pytest.mark.parametrize("path", ["/var/lib", "/home/me/fast/x", "/usb/x"])
def test_local_disks_are_accepted(path: str) -> None:
    refuse_network_filesystem(Path(path), mountinfo=MOUNTS)


def test_an_unreadable_mount_table_is_not_a_refusal() -> None:
    refuse_network_filesystem(Path("/x"), mountinfo="nonsense\n1 2 3 - \n")


def test_new_private_files_are_0600(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        os.close(open_private(tmp_path / "a", os.O_RDWR))
        write_atomically(tmp_path / "b", b"content")
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in "ab"] == [0o600, 0o600]
    assert read_private(tmp_path / "b", limit=100) == b"content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_symbolic_link_is_never_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"theirs")
    target.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(target)
    for attempt in (
        lambda: open_private(link, os.O_RDWR),
        lambda: read_private(link, limit=10),
        lambda: write_atomically(link, b"ours"),
        lambda: check_private_file(link),
    ):
        with pytest.raises(ConfigError, match="a symbolic link"):
            attempt()
    assert target.read_bytes() == b"theirs"


def test_wide_files_are_refused(tmp_path: Path) -> None:
    wide = tmp_path / "wide"
    wide.write_bytes(b"x")
    wide.chmod(0o604)
    for attempt in (lambda: open_private(wide, os.O_RDWR), lambda: read_private(wide, limit=10)):
        with pytest.raises(ConfigError, match="0604"):
            attempt()


def test_a_file_longer_than_the_bound_is_refused(tmp_path: Path) -> None:
    write_atomically(tmp_path / "f", b"x" * 11)
    with pytest.raises(ConfigError, match="longer than 10 bytes"):
        read_private(tmp_path / "f", limit=10)


def test_a_failed_write_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    write_atomically(tmp_path / "f", b"old")
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "f", "text, not bytes")  # type: ignore[arg-type]
    assert (tmp_path / "f").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]

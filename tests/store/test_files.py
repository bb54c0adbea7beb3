"""Files that are there whole or not at all (hostile inputs 9.6)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import UsageError
from monitor.store.files import replacing
from tests.store.processes import ROOT

NOBODY = 65534


def write(path: Path, content: bytes = b"new") -> None:
    with replacing(path) as stream:
        stream.write(content)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def not_root() -> Iterator[Path]:
    """A folder of root's that everybody may look into; the test is somebody else."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    yield folder
    if was_root:
        os.seteuid(0)
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_a_new_file_is_written(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")

    assert (tmp_path / "a.csv").read_bytes() == b"new"
    assert names(tmp_path) == ["a.csv"]


def test_a_file_that_exists_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old and longer")
    (tmp_path / "a.csv").chmod(0o640)

    write(tmp_path / "a.csv")

    assert (tmp_path / "a.csv").read_bytes() == b"new"
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o640


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")

    def fail() -> None:
        with replacing(tmp_path / "a.csv") as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert names(tmp_path) == ["a.csv"]


def test_the_old_file_is_there_until_the_new_one_is_complete(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")

    with replacing(tmp_path / "a.csv") as stream:
        stream.write(b"half")
        stream.flush()
        meanwhile = (tmp_path / "a.csv").read_bytes()

    assert meanwhile == b"old"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder: name a file in it"):
        write(tmp_path)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "real.csv").write_bytes(b"old")
    (tmp_path / "a.csv").symlink_to(tmp_path / "there" / "real.csv")

    write(tmp_path / "a.csv")

    assert (tmp_path / "a.csv").is_symlink()
    assert (tmp_path / "there" / "real.csv").read_bytes() == b"new"


def test_a_link_to_nothing_makes_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to(tmp_path / "real.csv")

    write(tmp_path / "a.csv")

    assert (tmp_path / "real.csv").read_bytes() == b"new"


def test_a_link_to_itself_and_a_link_to_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "round.csv").symlink_to(tmp_path / "round.csv")
    (tmp_path / "folder.csv").symlink_to(tmp_path)

    with pytest.raises(UsageError):
        write(tmp_path / "round.csv")
    with pytest.raises(UsageError, match="folder"):
        write(tmp_path / "folder.csv")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone/a.csv was not written: that folder does not exist"):
        write(tmp_path / "gone" / "a.csv")


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too long"):
        write(tmp_path / ("x" * 300))


def test_a_long_name_in_many_bytes_works(tmp_path: Path) -> None:
    write(tmp_path / ("ü" * 120))

    assert (tmp_path / ("ü" * 120)).read_bytes() == b"new"


def test_a_name_full_of_wild_cards_touches_nobody_else(tmp_path: Path) -> None:
    (tmp_path / ".other.12345678.part").write_bytes(b"mine")

    write(tmp_path / "[!x]*?")

    assert names(tmp_path) == [".other.12345678.part", "[!x]*?"]


def test_a_read_only_file_is_left_alone(not_root: Path) -> None:
    (not_root / "a.csv").write_bytes(b"old")
    (not_root / "a.csv").chmod(0o444)

    with pytest.raises(UsageError, match="is read-only"):
        write(not_root / "a.csv")

    assert (not_root / "a.csv").read_bytes() == b"old"


def test_a_read_only_folder_is_named(not_root: Path) -> None:
    if os.getuid() == 0:
        os.seteuid(0)
    not_root.chmod(0o555)
    if os.getuid() == 0:
        os.seteuid(NOBODY)

    with pytest.raises(UsageError, match="cannot be written to"):
        write(not_root / "a.csv")


def test_a_pipe_is_written_to_directly(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()

    write(tmp_path / "pipe")
    reader.join()

    assert got == [b"new"]
    assert names(tmp_path) == ["pipe"]


def test_a_private_file_is_for_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o644)

    with replacing(tmp_path / "a", private=True) as stream:
        stream.write(b"new")

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def run(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    start = "import os, resource, signal, sys\nfrom pathlib import Path\nfrom monitor.store.files import replacing\n"
    command = [sys.executable, "-c", start + code, str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")

    ended = run(
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "with replacing(Path(sys.argv[1])) as stream: stream.write(b'x' * 1_000_000)\n",
        tmp_path / "a.csv",
    )

    assert "UsageError" in ended.stderr
    assert "a.csv was not written: the file would be larger than this system allows" in ended.stderr
    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert names(tmp_path) == ["a.csv"]


def test_a_writer_that_is_killed_half_way_leaves_the_old_file_and_the_next_one_clears_up(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")

    ended = run(
        "with replacing(Path(sys.argv[1])) as stream:\n"
        "    stream.write(b'x' * 1_000_000)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
        tmp_path / "a.csv",
    )

    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "a.csv").read_bytes() == b"old"
    assert len(names(tmp_path)) == 2
    write(tmp_path / "a.csv")
    assert names(tmp_path) == ["a.csv"]


def test_two_writers_of_one_name_do_not_disturb_each_other(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.csv") as first:
        first.write(b"first")
        write(tmp_path / "a.csv", b"second")

    assert (tmp_path / "a.csv").read_bytes() == b"first"

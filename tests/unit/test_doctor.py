"""The doctor's findings about disks and folders in states that a test cannot create."""

import getpass
import os
import shutil
from pathlib import Path

import pytest

from bot.commands.doctor.database import check_database
from bot.commands.doctor.files import check_secret_files
from bot.commands.doctor.findings import Mark

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("free", "mark"), [(10 * MIB, Mark.PROBLEM), (100 * MIB, Mark.WARNING), (1_000 * MIB, Mark.OK)]
)
def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, mark: Mark) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    (disk,) = (each for each in check_database(tmp_path / "bot.db") if each.subject == "disk")
    assert disk.mark is mark
    assert f"{free // MIB:,} MiB are free" in disk.text


@pytest.mark.parametrize("closed", ["folder", "bot.db", "bot.db-wal", "bot.db.lock"])
def test_unwritable_folders_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    for name in ("bot.db", "bot.db-wal", "bot.db.lock"):
        (tmp_path / name).touch()
    path = tmp_path if closed == "folder" else tmp_path / closed
    monkeypatch.setattr(os, "access", lambda asked, _mode: asked != path)
    folder = check_database(tmp_path / "bot.db")[0]
    assert folder.mark is Mark.PROBLEM
    assert f"{path} cannot be written" in folder.text
    assert f"sudo chown {getpass.getuser()} {path}" in folder.text


def test_before_the_first_start_no_advice_is_given_to_change_the_owner_of_a_system_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    folder = check_database(Path("/var/lib/not-there-yet/bot.db"))[0]
    assert folder.mark is Mark.WARNING
    assert "/var/lib/not-there-yet is not there yet" in folder.text
    assert "StateDirectory=" in folder.text
    assert folder.text.endswith(f"sudo install -d -m 700 -o {getpass.getuser()} /var/lib/not-there-yet")
    inside = check_database(Path("/var/lib/bot.db"))[0]
    assert inside.mark is Mark.PROBLEM
    assert "chown" not in inside.text


@pytest.mark.parametrize(
    ("mode", "group", "warning"),
    [
        (0o600, 7, ""),
        (0o660, os.getuid(), ""),
        (0o640, 7, "group 7 on this machine"),
        (0o644, os.getuid(), "everybody on this machine"),
        (0o602, 7, "everybody on this machine"),
    ],
)
def test_files_that_others_can_read(tmp_path: Path, mode: int, group: int, warning: str) -> None:
    file = tmp_path / "a secret"
    file.touch()
    if group != os.getuid() and os.getuid():
        pytest.skip("only root gives files to other groups")
    os.chown(file, -1, group)
    file.chmod(mode)
    found = list(check_secret_files([file, Path("/run/secrets/token")]))
    assert [finding.mark for finding in found] == [Mark.WARNING] * bool(warning)
    assert all(warning in finding.text and f"chmod 600 '{file}'" in finding.text for finding in found)

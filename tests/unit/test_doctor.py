"""What the doctor says of disks and folders that no test can bring about."""

import os
import shutil
from pathlib import Path

import pytest

from bot.operation.doctor.database import check_database
from bot.operation.doctor.findings import Mark

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
def test_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """Also a folder that is to be made in one that cannot be written."""
    for name in ("bot.db", "bot.db-wal", "bot.db.lock"):
        (tmp_path / name).touch()
    path = tmp_path if closed == "folder" else tmp_path / closed
    monkeypatch.setattr(os, "access", lambda asked, _mode: asked != path)
    file = tmp_path / "new" / "bot.db" if closed == "folder" else tmp_path / "bot.db"
    folder = check_database(file)[0]
    assert folder.mark is Mark.PROBLEM
    assert f"{path} cannot be written" in folder.text

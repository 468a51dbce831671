"""Empty environments, and a folder that serves as an index with newer releases of everything that is locked."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements-dev.lock", "requirements-hikari.lock")  # between them they have everything
LATER = "9999"


def run(*command: str | Path, cwd: Path | None = None, settings: Mapping[str, str] | None = None) -> str:
    """What it prints. Our own environment is no part of it, as far as make and Python are concerned."""
    foreign = ("MAKE", "MFLAGS", "PYTHON", "VIRTUAL_ENV")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    variables = inherited | dict(settings or {})
    ended = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def environment(folder: Path) -> Path:
    """A new one, with the pip that this Python brings; its folder of programs."""
    venv.create(folder, with_pip=True, symlinks=True)
    return folder / "bin"


@pytest.fixture(scope="session")
def newer_index(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings with which pip asks it alone."""
    folder = tmp_path_factory.mktemp("index")
    for lock in LOCKS:
        run(sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "-d", folder, "-r", ROOT / lock)
    wheels = list(folder.iterdir())
    assert len(wheels) > 50
    for wheel in wheels:
        _release_later(wheel)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def _release_later(wheel: Path) -> None:
    """The same library with the same needs, a good deal newer, and empty."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", each))
        metadata = archive.read(name).decode()
    library = wheel.name.partition("-")[0]
    info = f"{library}-{LATER}.dist-info"
    with zipfile.ZipFile(wheel.with_name(f"{library}-{LATER}-py3-none-any.whl"), "w") as archive:
        archive.writestr(f"{info}/METADATA", re.sub(r"(?m)^Version: .*$", f"Version: {LATER}", metadata, count=1))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where uv and pipx are."""
    programs = environment(tmp_path_factory.mktemp("tools"))
    run(programs / "pip", "install", "uv", "pipx")
    return programs


@pytest.fixture(scope="session")
def wheel(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of the source archive, as a package index would have both."""
    folder = tmp_path_factory.mktemp("dist")
    run(tools / "uv", "build", "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    assert list(folder.glob("*.tar.gz"))
    return built

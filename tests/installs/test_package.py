"""The package, installed into empty environments in each way that people install things."""

import re
import subprocess
import sys
import zipfile
from http.client import HTTPConnection
from pathlib import Path

import pytest

from bot import __version__
from bot.storage.schema import REVISION
from tests.installs.conftest import ROOT, environment, run

pytestmark = pytest.mark.installs

FOLDERS = ("bot", "cogs", "migrations", "sandbox")
SETTINGS = {"DISCORD_TOKEN": "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"}
SETTINGS |= {"SUNO_BASE_URL": "https://gateway.test", "SUNO_API_KEY": "sk-0123456789"}


def installed_by(installer: str, what: Path, folder: Path, tools: Path) -> Path:
    """The command."""
    match installer:
        case "pip":
            programs = environment(folder)
            run(programs / "pip", "install", what)
            return programs / "suno-watch"
        case "pipx":
            places = {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder), "PIPX_MAN_DIR": str(folder)}
            run(tools / "pipx", "install", "--python", sys.executable, what, settings=places)
        case "uv":
            places = {"UV_TOOL_DIR": str(folder / "uv"), "UV_TOOL_BIN_DIR": str(folder)}
            run(tools / "uv", "tool", "install", "--python", sys.executable, what, settings=places)
    return folder / "suno-watch"


def test_site_packages_gets_one_name(wheel: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {"suno_watch", f"suno_watch-{__version__}.dist-info"}


def test_nothing_that_the_bot_has_is_missing(wheel: Path) -> None:
    tracked = run("git", "ls-files", *FOLDERS, cwd=ROOT).splitlines()
    assert len(tracked) > 150
    assert {f"suno_watch/{name}" for name in tracked} <= set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize("source", ["checkout", "wheel"])
@pytest.mark.parametrize("installer", ["pip", "pipx", "uv"])
def test_the_command_works(installer: str, source: str, wheel: Path, tools: Path, tmp_path: Path) -> None:
    what = wheel if source == "wheel" else ROOT
    command = installed_by(installer, what, tmp_path / "installed", tools)
    home = tmp_path / "home"
    home.mkdir()
    assert run(command, "--version", cwd=home) == f"suno-watch {__version__}\n"
    assert "usage: suno-watch [-h]" in run(command, "--help", cwd=home)
    run(command, "migrate", cwd=home, settings=SETTINGS)
    assert (home / "data" / "suno-watch.db").exists()
    output = run(command, "doctor", "--offline", cwd=home, settings=SETTINGS)
    assert f"revision {REVISION}, that of this program" in output


def test_the_demo_is_in_the_package(wheel: Path, tools: Path, tmp_path: Path) -> None:
    command = installed_by("pip", wheel, tmp_path / "installed", tools)
    with subprocess.Popen([command, "demo", "--no-browser"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            found = next(filter(None, (re.search(r"http://([\w.:]+)", line) for line in demo.stdout)))
            page = HTTPConnection(found[1], timeout=10)
            page.request("GET", "/")
            assert b"<script" in page.getresponse().read()
            page.close()
        finally:
            demo.terminate()
            demo.communicate()
    assert demo.returncode == 0

"""The two commands install exactly what is locked, whatever pip they find and whatever was released meanwhile."""

import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.installs.conftest import LATER, ROOT, environment, run

pytestmark = pytest.mark.installs

OLDEST_PIP = "23.0"  # the first of 2023; Pythons from 3.12 on bring a newer one and cannot run it


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[.*?\])?==(\S+)", text, re.MULTILINE))


def installed(programs: Path, index: Mapping[str, str] | None = None) -> dict[str, str]:
    listed = json.loads(run(programs / "python", "-m", "pip", "list", "--format=json", settings=index))
    found = {re.sub(r"[-_.]+", "-", each["name"]).lower(): each["version"] for each in listed}
    return {name: version for name, version in found.items() if name not in {"pip", "setuptools", "wheel"}}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of one as the two commands need to set themselves up."""
    folder = tmp_path / "checkout"
    (folder / "sandbox").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "sandbox/environment.py", *(each.name for each in ROOT.glob("*.lock"))):
        shutil.copy(ROOT / name, folder / name)
    return folder


def make(checkout: Path, stamp: str, index: Mapping[str, str] | None = None) -> str:
    return run("make", f"PYTHON={sys.executable}", f".venv/{stamp}.stamp", cwd=checkout, settings=index)


@pytest.mark.parametrize(
    "pip",
    ["its own", pytest.param(OLDEST_PIP, marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="needs 3.11"))],
)
def test_exactly_the_locked_versions_are_installed(checkout: Path, pip: str, newer_index: dict[str, str]) -> None:
    if pip == OLDEST_PIP:
        run(environment(checkout / ".venv") / "pip", "install", f"pip=={OLDEST_PIP}")
    output = make(checkout, "dev", newer_index)
    found = installed(checkout / ".venv" / "bin", newer_index)
    assert found.items() <= locked("requirements-dev.lock").items()
    assert found["coverage"] != LATER
    assert output.count("No broken requirements found.") == 2
    assert f"\n  {len(found)}/" in output, "it says where it is"


def test_packages_that_left_the_lock_are_uninstalled(checkout: Path, newer_index: dict[str, str]) -> None:
    make(checkout, "run", newer_index)
    programs = checkout / ".venv" / "bin"
    run(programs / "pip", "install", "--no-deps", "pytest-cov", settings=newer_index)  # and pip check would mind it
    (checkout / "requirements.lock").touch()
    assert "Removing what is no longer needed: pytest-cov" in make(checkout, "run", newer_index)
    assert installed(programs, newer_index).items() <= locked("requirements.lock").items()
    assert "up to date" in make(checkout, "run", newer_index)


def test_pip_alone_installs_what_the_bot_runs_with(tmp_path: Path, newer_index: dict[str, str]) -> None:
    programs = environment(tmp_path / "empty")
    run(programs / "pip", "install", "-r", ROOT / "requirements.lock", settings=newer_index)
    run(programs / "pip", "check")
    assert installed(programs).items() <= locked("requirements.lock").items()

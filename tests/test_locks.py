"""The lock files, as far as they can be checked without installing them; tests/installs installs them."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted(ROOT.glob("*.lock"))
LINE = re.compile(r"[a-z0-9.-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|    # .*")


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_libraries_and_hashes_alone(lock: Path) -> None:
    """No index, no host, no extra: see the Makefile."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line) or "://" in line] == []


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-postgres.lock", PROJECT["project"]["optional-dependencies"]["postgres"]),
        ("requirements-dev.lock", PROJECT["dependency-groups"]["dev"]),
        ("requirements-hikari.lock", PROJECT["dependency-groups"]["hikari"]),
    ],
)
def test_every_requirement_is_locked(lock: str, wanted: list[str]) -> None:
    for requirement in map(Requirement, wanted):
        assert pins(lock)[canonicalize_name(requirement.name)] in requirement.specifier, "make lock"


def test_the_tests_run_with_what_the_bot_runs_with() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-postgres.lock").items()
    assert pins("requirements-postgres.lock").items() <= pins("requirements-dev.lock").items()

"""`python sandbox/environment.py LOCK [FOLDER]`: makes a virtual environment match a lock file exactly.

FOLDER is the environment's; by default that of the Python that runs this. Needs only the standard library. Nothing is
resolved: the lock names every library, so neither pip's version nor newer releases change what is installed. Libraries
that are not in the lock are removed.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_KEPT = {"pip", "setuptools", "wheel"}  # installed by `python -m venv`


def main(lock: Path, folder: Path) -> int:
    """Returns pip's exit code; prints pip's errors unchanged."""
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    wanted = _names(lock.read_text(encoding="utf-8"))
    _say(f"Installing the libraries of {lock.name} into {os.path.relpath(folder)} (a minute or two the first time).")
    install = ["install", "--no-deps", "--require-hashes", "--progress-bar", "off", "--requirement", str(lock)]
    code = _show([*pip, *install], len(wanted))
    if code == 0 and (strays := sorted(set(_installed(pip)) - wanted - _KEPT)):
        _say(f"Removing what is no longer needed: {', '.join(strays)}")
        code = subprocess.run([*pip, "uninstall", "--quiet", "--yes", *strays], check=False).returncode
    return code or subprocess.run([*pip, "check"], check=False).returncode


def _names(lock: str) -> set[str]:
    """Names of all libraries, also those that only other systems need."""
    return {_normal(name) for name in re.findall(r"^([\w.-]+)", lock, re.MULTILINE)}


def _normal(name: str) -> str:
    """As PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(pip: list[str]) -> Iterator[str]:
    listed = subprocess.run([*pip, "list", "--format=freeze"], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in listed.splitlines():
        yield _normal(line.partition("==")[0])


def _show(command: list[str], total: int) -> int:
    """Runs pip and prints its progress: without it, a slow connection looks like a hang."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pip:
        seen = 0
        for line in pip.stdout or ():
            if found := re.match(r"(?:Collecting|Processing|Requirement already satisfied:) (\S+)", line):
                seen += 1
                _say(f"  {seen}/{total} {found[1].rpartition('/')[2]}")
            elif line.startswith("Installing collected packages"):
                _say("  unpacking them")
    return pip.returncode


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else sys.prefix)))

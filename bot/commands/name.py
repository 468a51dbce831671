"""The program's name, for commands that people are told to type."""

import sys
from pathlib import Path


def program_name() -> str:
    """`suno-watch` if it is installed as a command, else `python -m bot`."""
    name = Path(sys.argv[0]).name
    return name if name == "suno-watch" else "python -m bot"

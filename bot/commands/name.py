"""How this program was called, for what it tells people to type."""

import sys
from pathlib import Path


def program_name() -> str:
    """`suno-watch` where it was installed as a command, else `python -m bot`."""
    name = Path(sys.argv[0]).name
    return name if name == "suno-watch" else "python -m bot"

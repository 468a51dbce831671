"""The one name that the wheel puts into site-packages, and the command `suno-watch`.

The wheel has bot, cogs, migrations and sandbox as folders inside this package: site-packages belongs to everybody, and
`bot` or `migrations` would overwrite, or hide, what others call the same. In a checkout they lie beside it.
"""

import sys
from importlib import import_module
from pathlib import Path


def main() -> int:
    """As `python -m bot` in a checkout; the exit code."""
    sys.path.insert(0, str(Path(__file__).parent))
    code: int = import_module("bot.__main__").main()
    return code

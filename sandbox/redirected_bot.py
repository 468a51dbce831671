"""The bot in its own process, unmodified except for Discord's address: `python -m sandbox.redirected_bot URL run`.

A number after the address replaces the 5 s between two IDENTIFYs, for a local Discord that allows them sooner.
"""

import runpy
import sys

from bot import session_starts
from sandbox.local_discord.redirect import redirected


def run() -> None:
    base = sys.argv.pop(1)
    if sys.argv[1].replace(".", "").isdecimal():
        session_starts.INTERVAL = float(sys.argv.pop(1))
    with redirected(base):
        runpy.run_module("bot", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run()

"""The bot in its own process, unmodified except for Discord's address: `python -m sandbox.redirected_bot URL run`."""

import runpy
import sys

from sandbox.local_discord.redirect import redirected


def run() -> None:
    base = sys.argv.pop(1)
    with redirected(base):
        runpy.run_module("bot", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run()

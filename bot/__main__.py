"""The command line: `python -m bot run`, and what else an operator types. Arguments in, exit code out."""

import argparse
import asyncio
import logging
import re
import sys
from collections.abc import Callable, Coroutine
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import discord

from bot import __version__
from bot.app import migrate, run
from bot.commands.backup import backup
from bot.commands.doctor.examine import examine, examine_faulty
from bot.commands.doctor.findings import Mark, report
from bot.commands.forget import forget_user
from bot.commands.invite import invite
from bot.commands.move import move
from bot.commands.name import program_name
from bot.commands.orders import STATES, list_orders, settle_order
from bot.commands.stay import wait_to_be_stopped
from bot.config import Settings, doubts, load_settings, where_settings_are
from bot.errors import CommandFailed, DiscordUnreachable, SettingsError, StorageError
from bot.log import set_up_logging, visible
from bot.shutdown import cancel_and_wait

Program = Callable[[Settings], Coroutine[Any, Any, str | None]]  # gives what is to be printed
T = TypeVar("T")
_HIGHEST_PORT = 65_535
_TRIES = 5  # to end what is left behind
_LOGGED = ("run", "migrate", "move")  # the others print what there is to say

log = logging.getLogger("bot")


class Exit(IntEnum):
    """As in sysexits.h, so that a supervisor can tell what to restart from what to leave alone."""

    OK = 0
    FAILED = 1
    UNREACHABLE = 69
    STORAGE = 74
    TOKEN_REFUSED = 77
    SETTINGS = 78
    INTERRUPTED = 130


_FINAL = (Exit.TOKEN_REFUSED, Exit.SETTINGS)  # a restart finds the same


def main(arguments: list[str] | None = None) -> Exit:
    chosen = parser().parse_args(arguments)
    if chosen.command == "demo":
        return _demo(port=chosen.port, open_browser=not chosen.no_browser, locale=chosen.language)
    if chosen.command == "doctor":
        return _examine(offline=chosen.offline)
    code = _serve(_program(chosen), quiet=chosen.command not in _LOGGED)
    if code in _FINAL and getattr(chosen, "stay", False):
        wait_to_be_stopped()
    return code


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog=program_name(), description="Looks up Suno tasks and posts the songs.")
    options.add_argument("--version", action="version", version=f"suno-watch {__version__}")
    commands = options.add_subparsers(dest="command", required=True)
    run_ = commands.add_parser("run", help="connect to Discord and serve until stopped")
    run_.add_argument("--stay", action="store_true", help="if settings or token are wrong, say so and wait, for Docker")
    commands.add_parser("migrate", help="bring the database to this version and stop; `run` does it by itself")
    doctor = commands.add_parser("doctor", help="say what is wrong, and what to do about it")
    doctor.add_argument("--offline", action="store_true", help="leave out what needs the network")
    commands.add_parser("invite", help="print the links that bring the bot into servers and accounts")
    backup_ = commands.add_parser("backup", help="copy the database, also while the bot runs")
    backup_.add_argument("file", type=Path, nargs="?", help="a new file, or a folder (default: that of the database)")
    move_ = commands.add_parser("move", help="copy all into another database; the bot must be stopped")
    move_.add_argument("url", metavar="DATABASE_URL", help="a new one: SQLite or PostgreSQL")
    forget = commands.add_parser("forget-user", help="delete all that is kept about a person; the bot must be stopped")
    forget.add_argument("id", type=_user_id, help="the person's Discord id, a long number")
    _add_orders(commands.add_parser("orders", help="list what was ordered; settle an order that was never answered"))
    demo = commands.add_parser("demo", help="try everything in a browser, without an account or a key")
    demo.add_argument("--port", type=_port, help="of the page (default: 8700, or the next free one)")
    demo.add_argument("--no-browser", action="store_true", help="only print the page's address")
    language = "of the demo's server, and so of what the bot posts there (default: %(default)s)"
    demo.add_argument("--language", choices=("en-US", "zh-CN", "zh-TW"), default="en-US", help=language)
    return options


def _add_orders(orders: argparse.ArgumentParser) -> None:
    orders.add_argument("--state", choices=STATES, help="only these")
    settle = orders.add_subparsers(dest="subject").add_parser(
        "settle", help="say what became of an unsure order; the bot must be stopped"
    )
    settle.add_argument("order", help="its id, as `orders` lists it")
    word = settle.add_mutually_exclusive_group(required=True)
    word.add_argument("--task", metavar="ID", help="the task that it became: looked up, compared, and then watched")
    word.add_argument(
        "--lost", action="store_true", help="it was charged and brought nothing; its allowance is given back"
    )
    word.add_argument("--not-charged", action="store_true", help="it never was ordered; its allowance is given back")


def _user_id(typed: str) -> int:
    if not re.fullmatch(r"[0-9]{15,19}", typed):
        raise argparse.ArgumentTypeError("a Discord id has 15 to 19 digits")
    return int(typed)


def _port(typed: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", typed) or not 1 <= int(typed) <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {_HIGHEST_PORT}, not {typed!r}")
    return int(typed)


def _program(chosen: argparse.Namespace) -> Program:
    match chosen.command:
        case "migrate":
            return migrate
        case "move":
            return partial(move, url=chosen.url)
        case "invite":
            return invite
        case "backup":
            return partial(backup, file=chosen.file)
        case "orders" if chosen.subject:
            return partial(settle_order, order_id=chosen.order, task=chosen.task, charged=chosen.lost)
        case "orders":
            return partial(list_orders, state=chosen.state)
        case "forget-user":
            return partial(forget_user, user_id=chosen.id)
    return run


async def to_its_end(program: Coroutine[Any, Any, T]) -> T:
    """With all that it leaves behind."""
    try:
        return await program
    finally:
        await cancel_and_wait(asyncio.all_tasks() - {asyncio.current_task()}, tries=_TRIES)


def _serve(program: Program, *, quiet: bool) -> Exit:
    try:
        settings = load_settings()
        set_up_logging("warning" if quiet else settings.log_level, settings.log_format, settings.secrets)
        for doubt in () if quiet else doubts(settings):
            log.warning("settings: %s", doubt)
        if told := asyncio.run(to_its_end(program(settings))):
            sys.stdout.write(f"{told}\n")
    except SettingsError as error:
        told = "\n  - ".join(["The settings cannot be used:", *error.faults])
        sys.stderr.write(f"{visible(told)}\n{where_settings_are()}\n")
        return Exit.SETTINGS
    except KeyboardInterrupt:
        log.warning("stopped before it was done")
        return Exit.INTERRUPTED
    except CommandFailed as error:
        sys.stderr.write(f"{error}\n")
        return Exit.FAILED
    except StorageError as error:
        log.critical("%s", error)
        return Exit.STORAGE
    except DiscordUnreachable as error:
        log.critical("Discord cannot be reached: %s", error)
        return Exit.UNREACHABLE
    except discord.LoginFailure:
        log.critical("Discord refused the token: copy DISCORD_TOKEN again from the Bot page of the developer portal")
        return Exit.TOKEN_REFUSED
    except Exception:
        log.critical("stopped by an unexpected error", exc_info=True)
        return Exit.FAILED
    return Exit.OK


def _examine(*, offline: bool) -> Exit:
    set_up_logging("critical", "plain", ())
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stdout.write(f"{report(examine_faulty(error))}\n")
        return Exit.SETTINGS
    findings = asyncio.run(examine(settings, offline=offline))
    sys.stdout.write(f"{report(findings)}\n")
    return Exit.FAILED if any(each.mark is Mark.PROBLEM for each in findings) else Exit.OK


def _demo(*, port: int | None, open_browser: bool, locale: str) -> Exit:
    from sandbox.demo import PortUnavailable, run_demo

    set_up_logging("warning", "plain", ())
    try:
        asyncio.run(run_demo(port=port, open_browser=open_browser, locale=locale))
    except PortUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return Exit.FAILED
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())

"""The documentation says what is the case: its commands, its names, its numbers and its links."""

import argparse
import configparser
import re
import shlex
import subprocess
import tomllib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from discord import app_commands

from bot.__main__ import Exit, parser
from bot.config import Settings, load_settings
from bot.gateways.gateway import normalise_base_url
from bot.storage.schema import metadata
from bot.ui.interactions.permissions import REQUESTED_PERMISSIONS
from cogs.suno import Suno
from sandbox.reference import PAGE, configuration, defaults
from tests.bot_process import Command, Start, running
from tests.conftest import TOKEN, Env
from tests.installed_programs import program

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
UNIT = ROOT / "deploy" / "suno-watch.service"
SETTINGS = {name.upper() for name in Settings.model_fields}
SERVED = {"/healthz", "/readyz", "/metrics"}
OF_THE_SYSTEM = {"createdb", "createuser", "systemctl", "journalctl", "useradd", "chown", "chmod", "cd"}


def blocks(kind: str) -> list[str]:
    return [block for text in TEXTS.values() for block in re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)]


COMMANDS = sorted({line for block in blocks("sh") for line in map(str.strip, block.splitlines()) if line})
OF_THE_BOT = [line for line in COMMANDS if line.startswith(".venv/bin/python -m bot ")]


def is_known(words: Sequence[str]) -> bool:
    """Whether there is such a command, as far as that can be told without root, Docker and a network."""
    match words:
        case ["sudo", "-u", "suno-watch" | "postgres", *command] | ["sudo", *command] if command:
            return is_known(command)
        case ["docker", "compose", "exec", "bot", *command]:
            return is_known(command)
        case ["docker", "compose", "run", *arguments] if "bot" in arguments:
            return bool(parser().parse_args(arguments[arguments.index("bot") + 1 :]).command)
        case ["docker", "compose", "up" | "logs" | "stop" | "start", *_]:
            return (ROOT / "compose.yaml").exists()
        case [".venv/bin/python" | "python", "-m", "bot", *arguments]:
            return bool(parser().parse_args(arguments).command)
        case ["make", target] | ["make", target, "SUBJECT=remember the mood"]:
            return f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
        case ["pipx", "install", "."] | ["uv", "tool", "install", "."] | ["suno-watch", "--version"]:
            return True  # tests/installs does it
        case (
            ["cp", *files, ".env" | "/etc/systemd/system/"]
            | [".venv/bin/python", "-m", "pytest", *files]
            | [".venv/bin/python", "-m", "pip", "install", "--require-hashes", "-r", *files]
        ):
            return all((ROOT / file).exists() for file in files)
        case ["curl", *_, address]:
            return urlsplit(address).path in SERVED
    return words[0] in OF_THE_SYSTEM


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_are_there(line: str) -> None:
    assert is_known(shlex.split(line))
    assert subprocess.run(["/bin/sh", "-n", "-c", line], check=False).returncode == 0


def test_commands_that_are_not_there_would_be_noticed() -> None:
    assert not is_known(["make", "coffee"])
    assert not is_known([".venv/bin/python", "-m", "pytest", "tests/coffee.py"])
    assert not is_known(["curl", "http://127.0.0.1:9100/coffee"])
    assert not is_known(["fly", "away"])
    with pytest.raises(SystemExit):
        is_known([".venv/bin/python", "-m", "bot", "fly"])


async def test_commands_of_the_bot_do_what_they_say(env: Env, start: Start, command: Command) -> None:
    """Those of the documentation, each as it stands there; `run` has tests of its own."""
    async with running(env.discord, start):
        await env.watch("task_abcd")
    for line in OF_THE_BOT:
        arguments = shlex.split(line)[3:]
        if arguments != ["run"]:
            code, _, errors = await command(*arguments)
            assert (code, errors) == (Exit.OK, ""), line


def test_every_command_of_the_bot_is_documented() -> None:
    (commands,) = (each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    for name in commands.choices:
        assert any(f"`{name}" in text or f"-m bot {name}" in text for text in TEXTS.values()), name


def test_every_command_of_discord_is_in_the_readme_in_both_languages() -> None:
    rows = re.findall(r"^\| `(/suno [a-z]+)` \| (.*?) \|", TEXTS["README.md"], re.MULTILINE)
    listed = [(name, re.findall(r"`([a-z_]+)`", options)) for name, options in rows]
    declared = [
        (f"/suno {command.name}", [option.display_name for option in command.parameters])
        if isinstance(command, app_commands.Command)
        else (f"/suno {command.name}", [inner.name for inner in command.commands])
        for command in Suno.__cog_app_commands__
    ]
    assert declared
    assert len(listed) == 2 * len(declared)
    assert sorted(dict(listed)) == sorted(dict(declared))
    for name, named in declared:
        assert [each for command, each in listed if command == name] in ([named, named], [[*named, "all"]] * 2), name


HEADING = re.compile(r"^#+", re.MULTILINE)
TRANSLATED = sorted(page.name for page in PAGES if page.name.endswith(".zh-CN.md"))


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translated_page_has_the_parts_and_commands_of_the_other(name: str) -> None:
    """And all names of settings, exit codes and files that stand in its English page as code."""
    english, chinese = TEXTS[name.replace(".zh-CN", "")], TEXTS[name]
    assert f"]({name})" in english
    assert f"]({name.replace('.zh-CN', '')})" in chinese
    assert HEADING.findall(chinese) == HEADING.findall(english)
    for code in (r"```\w+\n.*?```", r"(?<!`)`[^`\n]+`(?!`)", r"^\| (\d+) \|"):
        in_english, in_chinese = (re.findall(code, text, re.DOTALL | re.MULTILINE) for text in (english, chinese))
        assert sorted(set(in_chinese)) == sorted(set(in_english))


def test_the_reference_is_that_of_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == configuration(), "make reference"


def test_the_readme_tells_no_other_defaults() -> None:
    rows = [line.split("|")[1:3] for line in TEXTS["README.md"].splitlines() if re.match(r"\| `[A-Z_]+`", line)]
    listed = [(re.findall(r"`([A-Z_]+)`", names), re.findall(r"`(.+?)`", shown)) for names, shown in rows]
    table = {name: default for names, shown in listed for name, default in zip(names, shown, strict=bool(shown))}
    assert table
    assert table.items() <= (defaults() | {"HTTP_PORT": "off"}).items()


def test_the_example_file_shows_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert {name: shown.get(name) for name in defaults()} == defaults()
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    filled_in = re.sub(r"^# (?=[A-Z_]+=)", "", text, flags=re.MULTILINE).replace("example.com", "example.dev")
    (tmp_path / ".env").write_text(filled_in, "utf-8")
    settings = load_settings(discord_token=TOKEN)
    assert settings.http_port == 9100
    assert list(settings.gateways) == ["default", "backup"]


def test_settings_are_called_by_their_names() -> None:
    named = {word for text in TEXTS.values() for word in re.findall(r"`([A-Z]+(?:_+[A-Z]+)+)(?:`|=|__<)", text)}
    plain = {name.removesuffix("_FILE").partition("__")[0] for name in named}
    assert plain
    assert plain - SETTINGS == set()


def test_addresses_become_what_is_said() -> None:
    (table,) = re.findall(r"\| Typed \| Used \|\n.*?\n\n", TEXTS["gateways.md"], re.DOTALL)
    rows = re.findall(r"^\| `(.*?)` \| `(.*?)` \|$", table, re.MULTILINE)
    assert len(rows) == 8
    assert [normalise_base_url(typed) for typed, _ in rows] == [used for _, used in rows]


def test_the_permissions_are_those_of_the_links() -> None:
    assert f"the number `{REQUESTED_PERMISSIONS.value}`" in TEXTS["install.md"]


def test_the_unit_ends_and_restarts_the_bot_as_it_wishes() -> None:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.read_string(UNIT.read_text(encoding="utf-8"))
    service = parsed["Service"]
    assert is_known([".venv/bin/python", *service["ExecStart"].split()[1:]])
    assert service["ExecStart"].split()[0] == f"{service['WorkingDirectory']}/.venv/bin/python"
    final = {Exit.TOKEN_REFUSED, Exit.SETTINGS}
    assert {int(code) for code in service["RestartPreventExitStatus"].split()} == final


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """As it will be installed, but for the program: that is not there."""
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8")), "utf-8")
    result = subprocess.run([program("systemd-analyze"), "verify", "--man=no", unit], capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (0, b"")


def test_every_table_of_the_database_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", TEXTS["privacy.md"], re.MULTILINE)
    assert sorted(explained) == sorted(metadata.tables)


def test_the_files_that_keep_what_is_promised_are_there() -> None:
    named = re.findall(r"`([\w/-]+\.(?:py|toml))`", TEXTS["SECURITY.md"])
    assert len(named) > 20
    assert [file for file in named if not (ROOT / file).is_file()] == []


def test_the_rules_that_are_promised_have_no_exception() -> None:
    """Against pickle, eval, exec and shells."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    rules = re.findall(r"\bS\d{3}\b", TEXTS["SECURITY.md"])
    excepted = tuple(chain(lint["ignore"], *lint["per-file-ignores"].values()))
    assert (len(rules), lint["select"]) == (6, ["ALL"])
    assert [rule for rule in rules if rule.startswith(excepted)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", TEXTS[page.name])
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []

"""The command line: arguments in, exit code out."""

import asyncio
import sys
from pathlib import Path

import pytest

from bot import __version__
from bot.__main__ import Exit, main, to_its_end
from bot.config import Settings


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_without_settings_it_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == Exit.SETTINGS
    output = capsys.readouterr().err
    assert "\n  - DISCORD_TOKEN is missing" in output
    assert "\n  - SUNO_BASE_URL is missing" in output


@pytest.mark.parametrize("arguments", [[], ["fly"], ["demo", "--port", "many"]])
def test_unusable_arguments_are_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m bot" in capsys.readouterr().err


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"suno-watch {__version__}\n"


@pytest.mark.parametrize(
    ("called", "output"),
    [("/home/ada/.local/bin/suno-watch", "suno-watch"), ("/opt/suno-watch/bot/__main__.py", "python -m bot")],
)
def test_it_calls_itself_as_it_was_called(
    called: str, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"usage: {output} [-h]" in capsys.readouterr().out


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "serve until stopped" in output
    assert "without an account or a key" in output


def test_the_end_does_not_wait_for_what_forgot_that_it_was_cancelled() -> None:
    ended = []

    async def stubborn() -> None:
        for _ in range(2):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("not yet")
        await asyncio.sleep(60)

    async def program() -> str:
        left_behind.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)
        return "done"

    left_behind: list[asyncio.Task[None]] = []
    assert asyncio.run(to_its_end(program())) == "done"
    assert ended == ["not yet", "not yet"]

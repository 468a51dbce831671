"""The command line: arguments in, exit code out."""

import asyncio
from pathlib import Path

import pytest

from bot.__main__ import Exit, main, to_its_end
from bot.config import Settings


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_without_settings_it_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == Exit.SETTINGS
    told = capsys.readouterr().err
    assert "\n  - DISCORD_TOKEN is missing" in told
    assert "\n  - SUNO_BASE_URL is missing" in told


@pytest.mark.parametrize("arguments", [[], ["fly"], ["demo", "--port", "many"]])
def test_what_it_cannot_do_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m bot" in capsys.readouterr().err


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "serve until stopped" in told
    assert "without an account or a key" in told


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

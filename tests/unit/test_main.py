"""The command line: arguments in, exit code out."""

from pathlib import Path

import pytest

from bot.__main__ import Exit, main
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

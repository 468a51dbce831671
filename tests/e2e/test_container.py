"""The container, as far as it can be tried without an engine: its files, its commands, its health check."""

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import load_settings
from bot.gateways.disk_budget import MAX_BYTES as DISK
from tests.conftest import TOKEN, Env

MIB = 1024 * 1024
ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def copied() -> list[str]:
    """What comes from the checkout."""
    return [each.split()[0] for each in instructions("COPY") if not each.startswith("--from")]


def variables() -> dict[str, str]:
    return dict(pair.split("=", 1) for each in instructions("ENV") for pair in each.split())


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what the image has of the checkout."""
    folder = tmp_path / "app"
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(source, folder)
    return folder


def test_the_songs_that_may_be_open_at_once_fit_into_the_containers_tmp() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    (mount,) = services["bot"]["tmpfs"]
    assert mount == f"/tmp:size={DISK // MIB + 32}m"


def test_all_that_is_copied_is_there_and_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == set(copied())
    assert all((ROOT / name).exists() for name in copied())


async def test_the_image_has_all_that_the_bot_needs(image: Path, tmp_path: Path) -> None:
    """Its own commands, without the rest of the checkout, in a folder that nobody may write."""
    settings = variables() | {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": f"sqlite:///{tmp_path}/data/bot.db",
        "DISCORD_TOKEN": TOKEN,
        "SUNO_BASE_URL": "https://gateway.example",
    }
    before = sorted(image.rglob("*"))
    entry = json.loads(instructions("ENTRYPOINT")[0])[1:]
    for command in (["--help"], ["migrate"], ["backup"], ["doctor", "--offline"]):
        process = await asyncio.create_subprocess_exec(sys.executable, *entry, *command, cwd=image, env=settings)
        assert await process.wait() == 0, command
    assert sorted(image.rglob("*")) == before
    assert json.loads(instructions("CMD")[-1]) == ["run", "--stay"]


async def test_the_health_check_tells_a_live_bot_from_none(env: Env, port: int) -> None:
    (check,) = re.findall(r"HEALTHCHECK.*?CMD (\[.*\])", DOCKERFILE)
    command = [sys.executable, *json.loads(check)[1:]]
    environment = os.environ | {"HTTP_PORT": str(port)}

    async def healthy() -> bool:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
        return await process.wait() == 0

    async with env.bot(http_port=port):
        assert await healthy()
    assert not await healthy()


def test_nothing_runs_as_root_or_writes_outside_its_volume() -> None:
    assert instructions("USER") == ["10001"]
    assert instructions("VOLUME") == ["/data"]
    assert variables()["DATABASE_URL"].startswith("sqlite:////data/")


def service() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    (bot,) = described["services"].values()
    assert bot["volumes"] == [f"{name}:/data" for name in described["volumes"]]
    return dict(bot)


def test_compose_gives_the_bot_little() -> None:
    bot = service()
    assert bot["read_only"] is True
    assert [each.partition(":")[0] for each in bot["tmpfs"]] == ["/tmp"]
    assert (bot["cap_drop"], bot["restart"], bot["env_file"]) == (["ALL"], "unless-stopped", ".env")
    assert "ports" not in bot


def test_tmpfs_leaves_enough_memory_for_the_bot() -> None:
    """A tmpfs counts as memory of the container; docs/speed.md says what the bot itself takes, 110 MB at its start."""
    size = {"m": 1, "g": 1024}
    (temporary,) = re.findall(r"size=(\d+)([mg])", service()["tmpfs"][0])
    limit = re.fullmatch(r"(\d+)([mg])", service()["mem_limit"])
    assert limit is not None
    assert int(limit[1]) * size[limit[2]] - int(temporary[0]) * size[temporary[1]] >= 256


def test_compose_sets_what_the_bot_understands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        service()["environment"] | {"DISCORD_TOKEN": TOKEN, "SUNO_BASE_URL": "https://g.example"}
    ).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", 9100)
    assert str(settings.database_file).startswith("/data/")

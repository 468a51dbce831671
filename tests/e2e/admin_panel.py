"""What a manager does with /suno-admin."""

from typing import Any

from tests.conftest import Env


async def admin(env: Env, command: str, **options: Any) -> dict[str, Any]:
    """What a subcommand answers."""
    return await env.finished(await env.ada.slash(env.channel, f"suno-admin {command}", **options))


async def choose(env: Env, panel: dict[str, Any], about: str, *values: str) -> None:
    """Chooses in one of the menus of /suno-admin setup."""
    await env.changed(await env.ada.select(panel, f"p1:{about}", values))

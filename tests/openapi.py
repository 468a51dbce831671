"""Requests and answers checked against Discord's own API description."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jsonschema_rs import Draft202012Validator, Registry

from sandbox.local_discord.rest import Request

_PATH = Path(__file__).parent / "discord_api" / "openapi.json"
_URN = "urn:discord"
_PERMISSIONS = "default_member_permissions"


class Description:
    def __init__(self, document: dict[str, Any]) -> None:
        # Libraries send snowflakes as integers, and Discord takes them.
        schemas = document["components"]["schemas"]
        schemas["SnowflakeType"] = {"type": ["string", "integer"]}
        # The same of permissions, in either direction.
        for schema in schemas.values():
            if _PERMISSIONS in schema.get("properties", {}):
                schema["properties"][_PERMISSIONS] = {"type": ["string", "integer", "null"]}
        self._paths = [(_pattern(path), path, methods) for path, methods in document["paths"].items()]
        # An exact path before one with a parameter in the same place.
        self._paths.sort(key=lambda each: each[1].count("{"))
        self._registry = Registry([(_URN, document)])
        self._validators: dict[str, Draft202012Validator] = {}

    def deviations(self, request: Request) -> Iterator[str]:
        """The deviations of a request and its answer from the description."""
        found = next((each for each in self._paths if each[0].fullmatch(request.path)), None)
        if found is None or request.method.lower() not in found[2]:
            yield f"{request.method} {request.path} is not described"
            return
        where = f"#/paths/{found[1].replace('~', '~0').replace('/', '~1')}/{request.method.lower()}"
        operation = found[2][request.method.lower()]
        if request.body is not None:
            yield from self._check(request.body, f"{where}/requestBody/content/application~1json/schema", request)
        status = next(
            (each for each in (str(request.status), f"{request.status // 100}XX") if each in operation["responses"]),
            None,
        )
        if status and request.status < 300 and not request.odd and "content" in operation["responses"][status]:
            yield from self._check(
                request.answer, f"{where}/responses/{status}/content/application~1json/schema", request
            )

    def _check(self, value: Any, pointer: str, request: Request) -> Iterator[str]:
        if pointer not in self._validators:
            reference = f"{_URN}{quote(pointer, safe='#/~')}"
            self._validators[pointer] = Draft202012Validator({"$ref": reference}, registry=self._registry)
        for error in self._validators[pointer].iter_errors(json.loads(json.dumps(value))):
            yield f"{request.method} {request.path}: {error.instance_path}: {error.message[:400]} ({pointer[-30:]})"


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path))


@cache
def description() -> Description:
    return Description(json.loads(_PATH.read_text(encoding="utf-8")))

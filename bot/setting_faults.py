"""Describes faults of settings and their allowed values in words, from pydantic's errors and schema."""

from collections.abc import Mapping
from typing import Any

_MISSING = {
    "DISCORD_TOKEN": "the bot's token, from the Bot page of the Discord developer portal",
    "SUNO_BASE_URL": "the address of your gateway, as in https://gateway.example.com",
}
_OF_A_GATEWAY = (
    "a gateway has SUNO_GATEWAYS__<NAME>__BASE_URL and SUNO_GATEWAYS__<NAME>__API_KEY,"
    " and may have MODELS, PRICE, CAN and KEY_IS_OURS in the same way"
)


def sentence(path: tuple[int | str, ...], kind: str, message: str, schema: Mapping[str, Any]) -> str:
    """`path` and `kind` as in pydantic's errors; `schema` is the JSON schema of all settings."""
    name = "__".join(str(part) for part in path).upper()
    match kind:
        case "missing" | "too_short":
            return f"{name} is missing: {_MISSING.get(name, _MISSING['SUNO_BASE_URL'])}"
        case "value_error":
            return ": ".join(filter(None, (name, message.removeprefix("Value error, "))))
        case "extra_forbidden" | "dict_type" | "model_type" | "model_attributes_type":
            return f"{name} is not a setting: {_OF_A_GATEWAY}"
    return f"{str(path[0]).upper()} takes {values_in_words(schema['properties'][path[0]])}"


def values_in_words(about: Mapping[str, Any], quote: str = "") -> str:
    """The allowed values, from a property of the JSON schema. `quote` is put around literal words."""
    if "anyOf" in about:
        about = about["anyOf"][0]
    match about:
        case {"enum": words}:
            return ", ".join(f"{quote}{word}{quote}" for word in words)
        case {"type": "array", "items": {"enum": words}}:
            return f"{', '.join(f'{quote}{word}{quote}' for word in words)}, separated by commas"
        case {"type": "array", "items": {"type": kind}}:
            return f"{'numbers' if kind == 'integer' else 'texts'}, separated by commas"
        case {"type": "integer" | "number" as kind, "maximum": most}:
            least = about.get("minimum", about.get("exclusiveMinimum"))
            return f"{'a whole number' if kind == 'integer' else 'a number'} {_from(about, least)} {most}"
    return "a secret" if about.get("writeOnly") else "a text"


def _from(about: Mapping[str, Any], least: object) -> str:
    return f"above {least} and up to" if "exclusiveMinimum" in about else f"from {least} to"

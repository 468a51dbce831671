"""Rows in a form for people and other programs."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Float, String, Table

_JSON = ("[", "{")
_AMOUNTS = frozenset({"price"})  # numbers that are no times


def readable(table: Table, row: Mapping[Any, Any]) -> dict[str, Any]:
    """Ids as text, because Discord's are too long for numbers in JavaScript and spreadsheets; times in ISO 8601 (UTC);
    lists as lists.
    """
    return {column.name: _readable(column, row[column.name]) for column in table.columns}


def _readable(column: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, BigInteger) or column.name == "id" or column.name.endswith("_id"):
        return str(value)
    if column.name in _AMOUNTS:
        return value
    if isinstance(column.type, Float):  # all other floats are times; 0: never
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds") if value else None
    if isinstance(column.type, String) and value.startswith(_JSON):
        return _parsed(value)
    return value


def _parsed(text: str) -> Any:
    """Decodes JSON columns; a title may merely look like JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text

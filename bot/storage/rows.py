"""Rows into values, and values into rows."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, RowMapping, Table

from bot.domain.delivery import Delivery, Topic
from bot.domain.sight import Sight
from bot.domain.task import Task
from bot.domain.watch import Ending, Watch

Row = Mapping[str, Any] | RowMapping

_WATCH = tuple(name for name in Watch.__struct_fields__ if name != "id")
_tasks = msgspec.json.Decoder(Task)
_texts = msgspec.json.Decoder(tuple[str, ...])


def prefixed(table: Table, prefix: str) -> list[ColumnElement[Any]]:
    """The columns of a table under names of their own, for a join."""
    return [column.label(f"{prefix}{column.name}") for column in table.columns]


def unprefixed(row: Row, prefix: str) -> Row:
    return {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}


def to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def sight_of(row: Row) -> Sight:
    return Sight(
        task_id=row["task_id"],
        gateway=row["gateway"],
        task=_tasks.decode(row["task"]) if row["task"] else None,
        digest=row["digest"],
        first_asked_at=row["first_asked_at"],
        asked_at=row["asked_at"],
        changed_at=row["changed_at"],
        misses=row["misses"],
    )


def sight_values(sight: Sight) -> dict[str, Any]:
    return sight_times(sight) | {
        "gateway": sight.gateway,
        "status": sight.task.status if sight.task else "",
        "task": to_json(sight.task) if sight.task else "",
    }


def sight_times(sight: Sight) -> dict[str, Any]:
    """What every look changes."""
    return {
        "first_asked_at": sight.first_asked_at,
        "asked_at": sight.asked_at,
        "changed_at": sight.changed_at,
        "misses": sight.misses,
        "digest": sight.digest,
    }


def watch_of(row: Row) -> Watch:
    values = {name: row[name] for name in _WATCH}
    values |= {"mentions": _texts.decode(row["mentions"]), "told": _texts.decode(row["told"])}
    return Watch(id=row["id"], **(values | {"ending": Ending(row["ending"])}))


def watch_values(watch: Watch) -> dict[str, Any]:
    values = {name: getattr(watch, name) for name in _WATCH}
    return values | {"mentions": to_json(watch.mentions), "told": to_json(watch.told)}


def delivery_of(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        watch_id=row["watch_id"],
        channel_id=row["channel_id"],
        topic=Topic(row["topic"]),
        clips=_texts.decode(row["clips"]),
        created_at=row["created_at"],
        due_at=row["due_at"],
    )


def delivery_values(delivery: Delivery) -> dict[str, Any]:
    return msgspec.structs.asdict(delivery) | {"clips": to_json(delivery.clips)}

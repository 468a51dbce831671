"""Conversion between rows and values."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, FromClause, RowMapping, select

from bot.domain.delivery import Delivery, Topic
from bot.domain.snapshot import TaskSnapshot
from bot.domain.task import Task, TaskKind
from bot.domain.watch import Watch, WatchOutcome
from bot.storage.schema import answers

MAX_TITLE = 200  # characters of a title that is kept for choices and lists

Row = Mapping[str, Any] | RowMapping

_WATCH = tuple(name for name in Watch.__struct_fields__ if name != "id")
_tasks = msgspec.json.Decoder(Task)
_texts = msgspec.json.Decoder(tuple[str, ...])


def prefixed(table: FromClause, prefix: str) -> list[ColumnElement[Any]]:
    """The columns of a table with prefixed names, for a join."""
    return [column.label(f"{prefix}{column.name}") for column in table.columns]


def snapshot_columns(table: FromClause, prefix: str = "") -> list[ColumnElement[Any]]:
    """The columns of `tasks`, or an alias of it, with the answer."""
    answer = select(answers.c.task).where(answers.c.task_id == table.c.task_id).scalar_subquery()
    return [*prefixed(table, prefix), answer.label(f"{prefix}task")]


def unprefixed(row: Row, prefix: str) -> Row:
    return {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}


def to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def snapshot_of(row: Row) -> TaskSnapshot:
    return TaskSnapshot(
        task_id=row["task_id"],
        gateway=row["gateway"],
        task=_tasks.decode(row["task"]) if row["task"] else None,
        kind=TaskKind(row["kind"]),
        digest=row["digest"],
        first_asked_at=row["first_asked_at"],
        asked_at=row["asked_at"],
        changed_at=row["changed_at"],
        misses=row["misses"],
        live=row["live"],
    )


def snapshot_values(snapshot: TaskSnapshot) -> dict[str, Any]:
    """All columns but the answer."""
    return {
        "gateway": snapshot.gateway,
        "status": snapshot.status,
        "kind": snapshot.kind,
        "first_asked_at": snapshot.first_asked_at,
        "asked_at": snapshot.asked_at,
        "changed_at": snapshot.changed_at,
        "misses": snapshot.misses,
        "digest": snapshot.digest,
    }


def watch_of(row: Row) -> Watch:
    values = {name: row[name] for name in _WATCH}
    values |= {"mentions": _texts.decode(row["mentions"]), "announced": _texts.decode(row["announced"])}
    return Watch(id=row["id"], **(values | {"outcome": WatchOutcome(row["outcome"])}))


def watch_values(watch: Watch) -> dict[str, Any]:
    values = {name: getattr(watch, name) for name in _WATCH}
    return values | {"mentions": to_json(watch.mentions), "announced": to_json(watch.announced)}


def delivery_of(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        watch_id=row["watch_id"],
        user_id=row["user_id"],
        channel_id=row["channel_id"],
        topic=Topic(row["topic"]),
        clips=_texts.decode(row["clips"]),
        created_at=row["created_at"],
        due_at=row["due_at"],
        audio_missing_since=row["audio_missing_since"],
        host=row["host"],
        locale=row["locale"],
    )


def delivery_values(delivery: Delivery) -> dict[str, Any]:
    return msgspec.structs.asdict(delivery) | {"clips": to_json(delivery.clips)}

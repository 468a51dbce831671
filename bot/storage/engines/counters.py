"""The highest number that each table has given out. What a deleted row had is not given again: old buttons hold it."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from bot.storage.schema import metadata

_COLUMNS = {
    table.name: table.primary_key.columns[0].name
    for table in metadata.sorted_tables
    if table.dialect_options["sqlite"]["autoincrement"]
}

_OF_SQLITE = text("SELECT name, seq FROM sqlite_sequence")
_OF_POSTGRESQL = text("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()")
_SET_ON_SQLITE = (
    text("DELETE FROM sqlite_sequence WHERE name = :name"),
    text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :highest)"),
)
_SET_ON_POSTGRESQL = (text("SELECT setval(pg_get_serial_sequence(:name, :column), :highest)"),)


def highest_numbers(connection: Connection) -> dict[str, int]:
    """By table; without those that have given out none."""
    if connection.dialect.name == "sqlite":
        return {name: number for name, number in connection.execute(_OF_SQLITE) if name in _COLUMNS}
    found: dict[str, int | None] = dict(connection.execute(_OF_POSTGRESQL).all())
    numbers = {name: found.get(f"{name}_{column}_seq") for name, column in _COLUMNS.items()}
    return {name: number for name, number in numbers.items() if number is not None}


def skip_numbers(connection: Connection, count: int) -> None:
    """Of every table: so many are given to nothing."""
    highest = highest_numbers(connection)
    set_highest_numbers(connection, {name: highest.get(name, 0) + count for name in _COLUMNS})


def set_highest_numbers(connection: Connection, highest: Mapping[str, int]) -> None:
    statements = _SET_ON_SQLITE if connection.dialect.name == "sqlite" else _SET_ON_POSTGRESQL
    for name, number in highest.items():
        for statement in statements:
            values = {"name": name, "column": _COLUMNS[name], "highest": number}
            wanted = statement.compile().params.keys()
            connection.execute(statement, {key: value for key, value in values.items() if key in wanted})

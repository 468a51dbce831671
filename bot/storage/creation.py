"""Servers' rules for ordering songs, and what is known of the gateways that accept orders."""

from collections.abc import Collection, Mapping

import msgspec
from msgspec import Struct
from sqlalchemy import func, select

from bot.domain.creation import CreationRules
from bot.domain.echo import OptionCounts
from bot.domain.song_request import SongOption
from bot.domain.task import Task
from bot.domain.watch import WatchOutcome
from bot.storage.engines.expressions import insert, upsert
from bot.storage.rows import to_json
from bot.storage.schema import abilities, accounts, answers, creation_rules, is_over, tasks, watches
from bot.storage.transaction import Transactions

_LISTS = ("roles", "channels", "blocked")
_ids = msgspec.json.Decoder(tuple[int, ...])
_texts = msgspec.json.Decoder(tuple[str, ...])
_MODEL = "model:"
_OPTION = "wish:"  # its stored name
_MAX_TASKS = 300  # of those that ended, which are read for what they tell of a gateway
_task = msgspec.json.Decoder(Task)


class Account(Struct, frozen=True, kw_only=True):
    """A gateway's last answer about money, in its unit. `limited`: the key has a limit, of which `credit_left` is left.

    `closed`: why no orders are sent there until a check succeeds; empty: they are.
    """

    gateway: str
    song_price: float | None = None
    lyrics_price: float | None = None
    credit_left: float | None = None
    credit_used: float | None = None
    limited: bool = False
    checked_at: float = 0.0
    closed: str = ""


class CreationStore(Transactions):
    async def rules(self, guild_id: int) -> CreationRules:
        which = creation_rules.c.guild_id == guild_id
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(select(creation_rules).where(which))).mappings().first()
        if row is None:
            return CreationRules(guild_id=guild_id)
        lists = {name: _ids.decode(row[name]) for name in _LISTS} | {"models": _texts.decode(row["models"])}
        return CreationRules(**{**row, **lists})

    async def servers_on(self) -> int:
        """In how many servers a manager has turned creating on."""
        enabled = select(func.count()).select_from(creation_rules).where(creation_rules.c.enabled)
        async with self._transaction(read_only=True) as connection:
            return int(await connection.scalar(enabled) or 0)

    async def save_rules(self, rules: CreationRules) -> None:
        values = msgspec.structs.asdict(rules)
        values |= {name: to_json(values[name]) for name in (*_LISTS, "models")}
        async with self._transaction() as connection:
            await connection.execute(upsert(creation_rules, values))

    async def account(self, gateway: str) -> Account | None:
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(select(accounts).where(accounts.c.gateway == gateway))).mappings().first()
        return Account(**row) if row else None

    async def save_account(self, account: Account) -> None:
        async with self._transaction() as connection:
            await connection.execute(upsert(accounts, msgspec.structs.asdict(account)))

    async def record_models(self, gateway: str, models: Collection[str], now: float) -> None:
        """Records that these models finished there."""
        if not models:
            return
        rows = [
            {"gateway": gateway, "name": f"{_MODEL}{model}", "present": 1, "absent": 0, "seen_at": now}
            for model in models
        ]
        statement = insert(abilities)
        changes = {"present": abilities.c.present + 1, "seen_at": now}
        async with self._transaction() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["gateway", "name"], set_=changes), rows
            )

    async def models_seen(self, gateway: str, since: float) -> tuple[str, ...]:
        """The most frequently finished model first."""
        which = (abilities.c.gateway == gateway) & abilities.c.name.startswith(_MODEL) & (abilities.c.seen_at >= since)
        statement = select(abilities.c.name).where(which).order_by(abilities.c.present.desc(), abilities.c.name)
        async with self._transaction(read_only=True) as connection:
            return tuple(name.removeprefix(_MODEL) for name in await connection.scalars(statement))

    async def record_options(self, gateway: str, found: Mapping[SongOption, bool], now: float) -> None:
        """Whether what came repeats them."""
        if not found:
            return
        statement = insert(abilities)
        new = statement.excluded
        changes = {
            "present": abilities.c.present + new.present,
            "absent": abilities.c.absent + new.absent,
            "seen_at": new.seen_at,
        }
        rows = [
            {
                "gateway": gateway,
                "name": f"{_OPTION}{option}",
                "present": int(there),
                "absent": int(not there),
                "seen_at": now,
            }
            for option, there in found.items()
        ]
        async with self._transaction() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["gateway", "name"], set_=changes), rows
            )

    async def options_seen(self, gateway: str) -> dict[SongOption, OptionCounts]:
        which = (abilities.c.gateway == gateway) & abilities.c.name.startswith(_OPTION)
        async with self._transaction(read_only=True) as connection:
            rows = await connection.execute(select(abilities).where(which))
            return {SongOption(row.name.removeprefix(_OPTION)): OptionCounts(row.present, row.absent) for row in rows}

    async def watched_to_the_end(self, gateway: str, since: float) -> list[Task]:
        """Tasks of that gateway whose songs were brought, of watches that began after that: the newest."""
        over = is_over & (watches.c.outcome == WatchOutcome.DELIVERED) & (watches.c.created_at >= since)
        source = watches.join(tasks, tasks.c.task_id == watches.c.task_id)
        source = source.join(answers, answers.c.task_id == tasks.c.task_id)
        statement = select(answers.c.task).select_from(source).where(over, tasks.c.gateway == gateway)
        statement = statement.order_by(watches.c.created_at.desc()).limit(_MAX_TASKS)
        async with self._transaction(read_only=True) as connection:
            return [_task.decode(each) for each in dict.fromkeys(await connection.scalars(statement))]

"""People's lists of tasks, as they were when requested."""

import msgspec
from sqlalchemy import delete, select

from bot.domain.batch import Batch, BatchEntry
from bot.storage.engines.expressions import upsert
from bot.storage.rows import to_json
from bot.storage.schema import batches
from bot.storage.transaction import Transactions

_KEPT = 30 * 86_400.0  # seconds

_entries = msgspec.json.Decoder(tuple[BatchEntry, ...])
_words = msgspec.json.Decoder(tuple[str, ...])


class BatchStore(Transactions):
    async def save(self, batch: Batch) -> None:
        """Replaces a list of the same id; deletes old lists."""
        values = msgspec.structs.asdict(batch) | {"entries": to_json(batch.entries), "words": to_json(batch.words)}
        async with self._transaction() as connection:
            await connection.execute(upsert(batches, values))
            await connection.execute(delete(batches).where(batches.c.created_at < batch.created_at - _KEPT))

    async def get(self, batch_id: str) -> Batch | None:
        async with self._transaction(read_only=True) as connection:
            row = (await connection.execute(select(batches).where(batches.c.id == batch_id))).mappings().first()
        if row is None:
            return None
        return Batch(**{**row, "entries": _entries.decode(row["entries"]), "words": _words.decode(row["words"])})

"""All that is remembered, by subject."""

from typing import Self

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.backlog import BacklogStore
from bot.storage.batches import BatchStore
from bot.storage.looks import LookStore
from bot.storage.outbox import Outbox
from bot.storage.preferences import PreferenceStore
from bot.storage.store import Store
from bot.storage.watches import WatchStore


class Stores(Struct, frozen=True):
    recents: Store
    watches: WatchStore
    looks: LookStore
    outbox: Outbox
    batches: BatchStore
    preferences: PreferenceStore
    backlog: BacklogStore

    @classmethod
    def on(cls, engine: AsyncEngine) -> Self:
        return cls(
            Store(engine),
            WatchStore(engine),
            LookStore(engine),
            Outbox(engine),
            BatchStore(engine),
            PreferenceStore(engine),
            BacklogStore(engine),
        )

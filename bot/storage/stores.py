"""All that is remembered, by subject."""

from typing import Self

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.backlog import BacklogStore
from bot.storage.batches import BatchStore
from bot.storage.looks import LookStore
from bot.storage.notes import NoteStore
from bot.storage.outbox import Outbox
from bot.storage.preferences import PreferenceStore
from bot.storage.recents import RecentStore
from bot.storage.results import ResultStore
from bot.storage.songs import SongStore
from bot.storage.watches import WatchStore


class Stores(Struct, frozen=True):
    notes: NoteStore
    recents: RecentStore
    watches: WatchStore
    looks: LookStore
    outbox: Outbox
    batches: BatchStore
    preferences: PreferenceStore
    backlog: BacklogStore
    songs: SongStore
    results: ResultStore

    @classmethod
    def on(cls, engine: AsyncEngine) -> Self:
        return cls(
            NoteStore(engine),
            RecentStore(engine),
            WatchStore(engine),
            LookStore(engine),
            Outbox(engine),
            BatchStore(engine),
            PreferenceStore(engine),
            BacklogStore(engine),
            SongStore(engine),
            ResultStore(engine),
        )

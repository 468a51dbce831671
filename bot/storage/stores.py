"""All stores, by subject."""

from typing import Self

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.backlog import BacklogStore
from bot.storage.batches import BatchStore
from bot.storage.charts import ChartStore
from bot.storage.copies import CopyStore
from bot.storage.creation import CreationStore
from bot.storage.delivery_overview import DeliveryOverview
from bot.storage.key_values import KeyValueStore
from bot.storage.library import LibraryStore
from bot.storage.lines import LineStore
from bot.storage.live_cards import LiveCardStore
from bot.storage.order_upkeep import OrderUpkeep
from bot.storage.orders import OrderStore
from bot.storage.outbox import Outbox
from bot.storage.past_posts import PastPostStore
from bot.storage.playlists import PlaylistStore
from bot.storage.polls import PollStore
from bot.storage.preferences import PreferenceStore
from bot.storage.recents import RecentStore
from bot.storage.results import ResultStore
from bot.storage.songs import SongStore
from bot.storage.stars import StarStore
from bot.storage.watches import WatchStore


class Stores(Struct, frozen=True):
    key_values: KeyValueStore
    recents: RecentStore
    watches: WatchStore
    polls: PollStore
    outbox: Outbox
    live_cards: LiveCardStore
    delivery_overview: DeliveryOverview
    batches: BatchStore
    preferences: PreferenceStore
    backlog: BacklogStore
    songs: SongStore
    results: ResultStore
    creation: CreationStore
    orders: OrderStore
    order_upkeep: OrderUpkeep
    library: LibraryStore
    stars: StarStore
    past_posts: PastPostStore
    charts: ChartStore
    playlists: PlaylistStore
    lines: LineStore
    copies: CopyStore

    @classmethod
    def on(cls, engine: AsyncEngine) -> Self:
        return cls(
            KeyValueStore(engine),
            RecentStore(engine),
            WatchStore(engine),
            PollStore(engine),
            Outbox(engine),
            LiveCardStore(engine),
            DeliveryOverview(engine),
            BatchStore(engine),
            PreferenceStore(engine),
            BacklogStore(engine),
            SongStore(engine),
            ResultStore(engine),
            CreationStore(engine),
            OrderStore(engine),
            OrderUpkeep(engine),
            LibraryStore(engine),
            StarStore(engine),
            PastPostStore(engine),
            ChartStore(engine),
            PlaylistStore(engine),
            LineStore(engine),
            CopyStore(engine),
        )

"""What a gateway sells and passes on to Suno, models and options: set by the operator, or learned from songs."""

from collections.abc import Mapping

from bot.domain.echo import OptionCounts, echoed, ignored, models_in, proven, proven_by
from bot.domain.models import Model, offered
from bot.domain.song_request import SongOption, SongRequest
from bot.domain.task import Task
from bot.services.clock import Clock
from bot.storage.creation import CreationStore

_SEEN_FOR = 30 * 86_400.0  # seconds for which a model is offered after it finished
_UNDER_WAY = 1_800.0  # seconds: watches that began so long before it was learned last may have ended since


class GatewayAbilities:
    """Of one gateway. `models` and `can`: the operator's settings. What is stored raises StorageError."""

    def __init__(
        self, gateway: str, models: tuple[str, ...], can: frozenset[SongOption], store: CreationStore, clock: Clock
    ) -> None:
        self._gateway = gateway
        self._set_models = models
        self._set_options = can
        self._store = store
        self._clock = clock
        self._models_seen: tuple[str, ...] = ()
        self._option_counts: Mapping[SongOption, OptionCounts] = {}
        self._learned_at: float | None = None  # when watched tasks were read last
        self._learned_from: frozenset[str] = frozenset()  # tasks that were read then

    @property
    def models(self) -> tuple[Model, ...]:
        """The models to offer, the default first."""
        return offered(self._set_models, self._models_seen)

    @property
    def can(self) -> frozenset[SongOption]:
        """Options that it passes on: the operator's setting, or what finished songs have shown."""
        return self._set_options | proven(self._option_counts)

    @property
    def ignores(self) -> frozenset[SongOption]:
        """Options that were missing in all songs that were ordered with them, unless the operator says otherwise."""
        return ignored(self._option_counts) - self._set_options

    async def load(self) -> None:
        self._models_seen = await self._store.models_seen(self._gateway, self._clock.now() - _SEEN_FOR)
        self._option_counts = await self._store.options_seen(self._gateway)

    async def record_finished(self, request: SongRequest, task: Task) -> None:
        """Records what a finished order shows. The model is the ordered one, whatever the gateway calls it."""
        now = self._clock.now()
        if task.playable:
            await self._store.record_models(self._gateway, [request.model], now)
        await self._store.record_options(self._gateway, echoed(request, task), now)
        await self.load()

    async def learn_from_watched(self, since: float) -> None:
        """Records what songs show that were ordered elsewhere, of watches that ended since the last time; the first
        time, since then.
        """
        now = self._clock.now()
        if self._learned_at is not None:
            since = self._learned_at
        ended = await self._store.watched_to_the_end(self._gateway, max(since - _UNDER_WAY, now - _SEEN_FOR))
        watched = [task for task in ended if task.id not in self._learned_from]
        for model in models_in(watched):
            await self._store.record_models(self._gateway, [model], now)
        found = {option for task in watched for option in proven_by(task)}
        await self._store.record_options(self._gateway, dict.fromkeys(found, True), now)
        self._learned_at, self._learned_from = now, frozenset(task.id for task in ended)
        await self.load()

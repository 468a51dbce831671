"""On what terms a gateway takes orders: what it can, what it costs, what is left, and whether it is open at all."""

import logging
from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.allowance import Work
from bot.domain.creation import OperatorRules
from bot.domain.echo import Seen, echoed, ignored, models_in, proven, proven_by
from bot.domain.models import Model, offered
from bot.domain.order_refusals import Refusal
from bot.domain.song_request import SongRequest, Wish
from bot.domain.task import Task
from bot.errors import StorageError
from bot.gateways.billing import AccountState
from bot.gateways.pricing import Charge
from bot.services.clock import Bell, Clock
from bot.storage.creation import Account, CreationStore

_CHECK_EVERY = 86_400.0  # seconds, as long as orders are taken
_LOOK_EVERY = 3_600.0  # seconds, for what watched tasks tell
_CHECK_CLOSED = 600.0  # seconds; a gateway allows some twenty such questions in twenty minutes
_FRESH = 180.0  # seconds for which a balance is believed where a floor is set
_SEEN_FOR = 30 * 86_400.0  # seconds for which a model that finished is offered
_LOW = "low"  # closed: the balance is below the operator's floor
_CLOSING = frozenset({Refusal.NO_BALANCE, Refusal.NO_ACCESS, Refusal.MISPLACED})

log = logging.getLogger(__name__)


class AsksForMoney(Protocol):
    @property
    def name(self) -> str: ...

    async def state(self) -> AccountState: ...

    async def charges(self) -> tuple[Charge, ...] | None: ...


class OperatorsWord(Struct, frozen=True, kw_only=True):
    """What the operator's settings say of one gateway."""

    models: tuple[str, ...] = ()
    price: float | None = None
    can: frozenset[Wish] = frozenset()
    key_is_ours: bool = False


class GatewayTerms:
    """One gateway's. They change while the program runs."""

    def __init__(
        self, billing: AsksForMoney, word: OperatorsWord, operator: OperatorRules, store: CreationStore, clock: Clock
    ) -> None:
        self.name = billing.name
        self.word = word
        self._billing = billing
        self._operator = operator
        self._store = store
        self._clock = clock
        self._bell = Bell(clock)
        self._seen: tuple[str, ...] = ()
        self._wishes: Mapping[Wish, Seen] = {}
        self._watched_until: float | None = None  # when watched tasks were read last
        self.account = Account(gateway=billing.name)

    @property
    def is_open(self) -> bool:
        return self._operator.enabled and not self.account.closed

    @property
    def closed(self) -> str:
        return self.account.closed

    @property
    def can(self) -> frozenset[Wish]:
        """What it passes on: the operator's word, or what was found in songs that came."""
        return self.word.can | proven(self._wishes)

    @property
    def ignores(self) -> frozenset[Wish]:
        """What was missing in all songs for which it was wished, the operator's word apart."""
        return ignored(self._wishes) - self.word.can

    @property
    def at_once(self) -> int:
        return self._operator.at_once

    @property
    def models(self) -> tuple[Model, ...]:
        """To offer, the usual one first."""
        return offered(self.word.models, self._seen)

    def price(self, work: Work) -> float | None:
        """Of one order, as far as it is known."""
        if work is Work.LYRICS:
            return self.account.lyrics_price
        return self.word.price if self.word.price is not None else self.account.song_price

    def price_is_exact(self, work: Work) -> bool:
        """The operator has said it; a price list does not know the key's own discount."""
        return work is Work.SONG and self.word.price is not None

    async def run(self) -> None:
        """Until cancelled: checks once a day, and more often while the gateway is closed."""
        await self._recall()
        checked_at = None
        while True:
            try:
                await self.look_at_watched()
            except StorageError as error:
                log.error("what songs tell of gateway %s cannot be read: %s", self.name, error)
            now, every = self._clock.now(), _CHECK_CLOSED if self.account.closed else _CHECK_EVERY
            if checked_at is None or now - checked_at >= every:
                await self.check()
                checked_at = now
            await self._bell.wait(now + min(every, _LOOK_EVERY))

    async def _recall(self) -> None:
        try:
            self.account = await self._store.account(self.name) or self.account
            await self._read_abilities()
        except StorageError as error:
            log.error("what is known of gateway %s cannot be read: %s", self.name, error)

    async def check(self) -> None:
        """Ask what things cost and what is left."""
        state = await self._billing.state()
        balance = state.balance
        account = replace(
            self.account,
            song_price=state.prices.song,
            lyrics_price=state.prices.lyrics,
            credit_left=balance.left if balance else None,
            credit_used=balance.used if balance else None,
            limited=bool(balance and balance.left is not None),
            checked_at=self._clock.now(),
        )
        await self._keep(replace(account, closed=self._closed_by(account)))

    async def check_if_old(self) -> None:
        """Before money is spent where the operator wants some of it kept."""
        floor = self._operator.keep_balance
        if floor is not None and self._clock.now() - self.account.checked_at > _FRESH:
            await self.check()

    def _closed_by(self, account: Account) -> str:
        """Why it stays or becomes closed, now that it was checked."""
        floor, left = self._operator.keep_balance, account.credit_left
        if floor is not None and account.limited and left is not None and left < floor:
            return _LOW
        if account.closed in _CLOSING:
            # Of a gateway that tells nothing, only the next order can tell more; a refusal costs nothing.
            price = self.price(Work.SONG) or 0.0
            return account.closed if account.limited and (left or 0.0) <= price else ""
        return ""

    async def spent(self, work: Work) -> None:
        """An order went there: until the next check its price is taken off what was left."""
        price, left = self.price(work), self.account.credit_left
        if self._operator.keep_balance is not None and price is not None and left is not None:
            account = replace(self.account, credit_left=left - price)
            await self._keep(replace(account, closed=self._closed_by(account)))

    async def refused(self, reason: str) -> None:
        """A gateway that refuses the key is asked no more until a check succeeds."""
        if reason in _CLOSING:
            log.warning("orders at gateway %s are closed: %s", self.name, reason)
            await self._keep(replace(self.account, closed=reason))
            self._bell.ring()

    async def saw(self, request: SongRequest, task: Task) -> None:
        """What was ordered there has come: its model is the one that was ordered, whatever the gateway calls it."""
        now = self._clock.now()
        if task.playable:
            await self._store.saw_models(self.name, [request.model], now)
        await self._store.saw_wishes(self.name, echoed(request, task), now)
        await self._read_abilities()

    async def look_at_watched(self) -> None:
        """What songs tell that were ordered elsewhere, and watched to their end since this was looked at last."""
        now = self._clock.now()
        since = self._watched_until if self._watched_until is not None else self.account.checked_at
        watched = await self._store.watched_to_the_end(self.name, max(since, now - _SEEN_FOR))
        for model in models_in(watched):
            await self._store.saw_models(self.name, [model], now)
        found = {wish for task in watched for wish in proven_by(task)}
        await self._store.saw_wishes(self.name, dict.fromkeys(found, True), now)
        self._watched_until = now
        await self._read_abilities()

    async def _read_abilities(self) -> None:
        self._seen = await self._store.models_seen(self.name, self._clock.now() - _SEEN_FOR)
        self._wishes = await self._store.wishes_seen(self.name)

    async def charges(self) -> tuple[Charge, ...] | None:
        """What the key was charged for; None where that proves nothing."""
        return await self._billing.charges() if self.word.key_is_ours else None

    async def _keep(self, account: Account) -> None:
        if account.closed != self.account.closed:
            log.info("orders at gateway %s: %s", self.name, account.closed or "open")
        self.account = account
        try:
            await self._store.keep_account(account)
        except StorageError as error:
            log.error("what gateway %s says cannot be kept: %s", self.name, error)

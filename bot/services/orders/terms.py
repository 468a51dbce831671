"""A gateway's terms for orders: its prices and balance, and whether it is open for orders."""

import logging
import math
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.allowance import Work
from bot.domain.creation import OperatorRules
from bot.domain.order import Order, OrderState
from bot.domain.order_refusals import Refusal
from bot.domain.song_request import SongOption
from bot.errors import StorageError
from bot.gateways.billing import AccountState
from bot.gateways.pricing import Charge
from bot.gateways.submission import Dialect
from bot.services.clock import Clock, Wakeup
from bot.services.orders.abilities import GatewayAbilities
from bot.storage.creation import Account, CreationStore

_CHECK_EVERY = 86_400.0  # seconds, while it is open
_CHECK_OURS = 3_600.0  # seconds; the more often, the less else has changed the balance before an unsure order
_READINGS = 100  # that are remembered
_CHECK_CLOSED = 600.0  # seconds; a gateway allows about twenty such requests in twenty minutes
_FRESH = 180.0  # seconds for which a balance is valid if the operator keeps a minimum
_LOW = "low"  # closed: the balance is below the operator's minimum
_LEARN_EVERY = 3_600.0  # seconds, for what watched tasks tell
_CLOSING = frozenset({Refusal.NO_BALANCE, Refusal.NO_ACCESS, Refusal.MISPLACED})

log = logging.getLogger(__name__)


class AsksForMoney(Protocol):
    @property
    def name(self) -> str: ...

    async def state(self) -> AccountState: ...

    async def charges(self) -> tuple[Charge, ...] | None: ...


class OperatorSettings(Struct, frozen=True, kw_only=True):
    """The operator's settings for one gateway."""

    models: tuple[str, ...] = ()
    price: float | None = None
    can: frozenset[SongOption] = frozenset()
    key_is_ours: bool = False


class Reading(Struct, frozen=True):
    """What the key had used altogether at a moment, in the gateway's unit."""

    at: float
    used: float


class GatewayTerms:
    """The terms of one gateway. They change while the program runs. `dialect`: whose bodies it takes."""

    def __init__(
        self,
        billing: AsksForMoney,
        settings: OperatorSettings,
        operator: OperatorRules,
        store: CreationStore,
        clock: Clock,
        dialect: Callable[[], Coroutine[Any, Any, Dialect]],
    ) -> None:
        self.name = billing.name
        self.dialect = dialect
        self.settings = settings
        self.abilities = GatewayAbilities(self.name, settings.models, settings.can, store, clock)
        self._billing = billing
        self._operator = operator
        self._store = store
        self._clock = clock
        self._wakeup = Wakeup(clock)
        self._readings: deque[Reading] = deque(maxlen=_READINGS)
        self.account = Account(gateway=billing.name)
        self._is_changed = False  # since it was stored

    @property
    def is_open(self) -> bool:
        return self._operator.enabled and not self.account.closed

    def is_open_beside(self, sending: Iterable[Work]) -> bool:
        """Whether one more order is sent there. `sending`: what is on its way, and not yet taken off what is left."""
        left = self.account.credit_left
        on_its_way = sum(self.price(work) or 0.0 for work in sending)
        return self.is_open and not (left is not None and self._is_low(left - on_its_way))

    @property
    def closed(self) -> str:
        return self.account.closed

    @property
    def can(self) -> frozenset[SongOption]:
        return self.abilities.can

    @property
    def at_once(self) -> int:
        return self._operator.at_once

    def price(self, work: Work) -> float | None:
        """Of one order, if known."""
        if work is Work.LYRICS:
            return self.account.lyrics_price
        return self._song_price(self.account)

    def _song_price(self, account: Account) -> float | None:
        return self.settings.price if self.settings.price is not None else account.song_price

    def price_is_exact(self, work: Work) -> bool:
        """Whether the operator has set it; a price list does not know the key's own discount."""
        return work is Work.SONG and self.settings.price is not None

    async def run(self) -> None:
        """Until cancelled: checks once a day, and more often while the gateway is closed."""
        await self._recall()
        checked_at = learned_at = -math.inf
        while True:
            if self._is_changed:
                await self._store_account()
            if self._clock.now() - learned_at >= _LEARN_EVERY:
                await self._learn()
                learned_at = self._clock.now()
            if self._clock.now() - checked_at >= self._check_every():
                await self.check()
                checked_at = self._clock.now()
            await self._wakeup.wait(min(checked_at + self._check_every(), learned_at + _LEARN_EVERY))

    def _check_every(self) -> float:
        if self.account.closed:
            return _CHECK_CLOSED
        return _CHECK_OURS if self.settings.key_is_ours else _CHECK_EVERY

    async def _learn(self) -> None:
        try:
            await self.abilities.learn_from_watched(since=self.account.checked_at)
        except StorageError as error:
            log.error("what songs tell of gateway %s cannot be read: %s", self.name, error)

    async def _recall(self) -> None:
        try:
            self.account = await self._store.account(self.name) or self.account
            if self.account.credit_used is not None:
                self._readings.append(Reading(self.account.checked_at, self.account.credit_used))
            await self.abilities.load()
        except StorageError as error:
            log.error("what is known of gateway %s cannot be read: %s", self.name, error)

    async def check(self) -> None:
        """Asks for prices and the balance."""
        state = await self._billing.state()
        if state.sells_songs is False:
            log.warning("gateway %s lists no suno_music among the key's models: orders may be refused", self.name)
        balance = state.balance
        if balance:
            self._readings.append(Reading(self._clock.now(), balance.used))
        account = replace(
            self.account,
            song_price=state.prices.song,
            lyrics_price=state.prices.lyrics,
            credit_left=balance.left if balance else None,
            credit_used=balance.used if balance else None,
            limited=bool(balance and balance.left is not None),
            checked_at=self._clock.now(),
        )
        self._change(replace(account, closed=self._closed_by(account)))
        await self._store_account()

    async def check_if_old(self) -> None:
        """Checks before a payment if the operator keeps a minimum balance."""
        floor = self._operator.keep_balance
        if floor is not None and self._clock.now() - self.account.checked_at > _FRESH:
            await self.check()

    def _closed_by(self, account: Account) -> str:
        """Why it stays or becomes closed after a check."""
        left = account.credit_left
        if account.limited and left is not None and self._is_low(left):
            return _LOW
        if account.closed in _CLOSING:
            # If a gateway does not tell its balance, only the next order can show it; a refusal costs nothing.
            price = self._song_price(account) or 0.0
            return account.closed if account.limited and (left or 0.0) <= price else ""
        return ""

    def _is_low(self, left: float) -> bool:
        floor = self._operator.keep_balance
        return floor is not None and left < floor

    def answered(self, order: Order) -> None:
        """After the answer to an order, which may have been charged, or refused: what that means for the next ones."""
        if order.state in (OrderState.ACCEPTED, OrderState.UNSURE):
            self._spend(Work.of(order.request.kind))
        elif order.state is OrderState.REFUSED and order.reason in _CLOSING:
            log.warning("orders at gateway %s are closed: %s", self.name, order.reason)
            self._change(replace(self.account, closed=order.reason))

    def _spend(self, work: Work) -> None:
        """Subtracts its price from the balance until the next check."""
        price, left = self.price(work), self.account.credit_left
        if self._operator.keep_balance is not None and price is not None and left is not None:
            account = replace(self.account, credit_left=left - price)
            self._change(replace(account, closed=self._closed_by(account)))

    async def charges(self) -> tuple[Charge, ...] | None:
        """What the key was charged for; None if that proves nothing."""
        return await self._billing.charges() if self.settings.key_is_ours else None

    def reading_before(self, moment: float) -> Reading | None:
        """The last one before it."""
        older = (each for each in reversed(self._readings) if each.at < moment)
        return next(older, None)

    async def used(self) -> float | None:
        """What the key has used altogether by now; None: unknown."""
        balance = (await self._billing.state()).balance
        return balance.used if balance else None

    def _change(self, account: Account) -> None:
        if account.closed != self.account.closed:
            log.info("orders at gateway %s: %s", self.name, account.closed or "open")
        self.account, self._is_changed = account, True
        self._wakeup.send()

    async def _store_account(self) -> None:
        self._is_changed = False
        try:
            await self._store.save_account(self.account)
        except StorageError as error:
            log.error("what gateway %s says cannot be kept: %s", self.name, error)

"""What people and managers do with orders: draft, confirm, cancel, approve, and settle unsure ones."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from bot.domain.allowance import LimitReached, Limits, Usage, Work, left, limit_reached
from bot.domain.creation import CreationRules, Maker, NotPermitted, OperatorRules, limits_of, why_not_permitted
from bot.domain.models import Model, model_named
from bot.domain.order import (
    NOT_CHARGED,
    RESTORED,
    Accepted,
    Order,
    OrderQuery,
    OrderState,
    PersonsOrders,
    after_submission,
)
from bot.domain.order_match import may_be_result
from bot.domain.song_request import SongOption, SongRequest, options_of, problem_of, too_long
from bot.domain.task import Task
from bot.errors import StorageError
from bot.services.clock import Clock
from bot.services.lookup import Found, Lookup
from bot.services.orders.results import NO_OFFER, Obstacle, Offer, Quote, Settlement
from bot.services.orders.sender import watch_on
from bot.services.orders.terms import GatewayTerms
from bot.storage.creation import CreationStore
from bot.storage.orders import Edited, OrderStore, Placed

log = logging.getLogger(__name__)

_MONTH = 30 * 86_400.0  # seconds


class Orders:
    """Raises StorageError. `workers`: called when there is something to send, or somebody to notify."""

    def __init__(
        self,
        store: OrderStore,
        creation: CreationStore,
        lookup: Lookup,
        terms: Mapping[str, GatewayTerms],
        operator: OperatorRules,
        clock: Clock,
    ) -> None:
        self.store = store
        self.creation = creation
        self.operator = operator
        self._lookup = lookup
        self._terms = terms
        self._clock = clock
        self.workers: Sequence[Callable[[], None]] = ()

    def wake(self) -> None:
        """Orders have changed."""
        for each in self.workers:
            each()

    def terms(self, gateway: str = "") -> GatewayTerms:
        """The terms of that gateway, or of the first open one."""
        if gateway in self._terms:
            return self._terms[gateway]
        every = list(self._terms.values())
        return next((each for each in every if each.is_open), every[0])

    async def rules(self, guild_id: int | None) -> CreationRules:
        return await self.creation.rules(guild_id) if guild_id is not None else CreationRules(guild_id=0)

    async def save_rules(self, rules: CreationRules) -> None:
        await self.creation.save_rules(rules)

    async def find(self, order_id: str) -> Order | None:
        return await self.store.order(order_id)

    async def listed(self, query: OrderQuery, *, limit: int, offset: int = 0) -> tuple[int, list[Order]]:
        """The number of orders, and one page of them, newest first."""
        return await self.store.listed(query, limit=limit, offset=offset)

    async def posts(self, orders: Iterable[Order]) -> dict[str, int]:
        """The message, by order, in which something came of it."""
        return await self.store.posts([order.id for order in orders if order.task_id])

    async def by_person(self, guild_id: int, limit: int) -> list[PersonsOrders]:
        """Who ordered how much in a server in the last 30 days, and what it cost."""
        return await self.store.by_person(guild_id, self._clock.now() - _MONTH, limit)

    async def offered(self, guild_id: int | None, gateway: str = "") -> list[Model]:
        """The models to choose from there, the usual one first. `gateway` empty: of the first that is open."""
        return _offered(self.terms(gateway), await self.rules(guild_id))

    async def orders_ahead(self, order: Order) -> int:
        """How many orders are to be sent before it."""
        return await self.store.orders_ahead(order)

    async def why_not_permitted(self, maker: Maker, model: str = "") -> NotPermitted | None:
        """Why a person may not order here; None: they may. `model`: its name or label; empty: not chosen yet."""
        rules = _in_effect(await self.rules(maker.guild_id), self.terms())
        return why_not_permitted(maker, rules, self.operator, model_named(model).name)

    async def offer(self, found: Found, guild_id: int | None, user_id: int) -> Offer:
        """To all who see a task in a server, or to a person in a DM. Nothing where that cannot be told."""
        if not self.operator.enabled:
            return NO_OFFER
        maker = Maker(user_id=user_id, guild_id=guild_id, channel_ids=(), manages=True)
        try:
            rules = await self.rules(guild_id)
            if why_not_permitted(maker, replace(rules, channels=(), blocked=()), self.operator):
                return NO_OFFER
            ordered = await self.store.of_task(found.task.id) is not None
        except StorageError as error:
            log.warning("task %s is shown without what can be made from it: %s", found.task.id, error)
            return NO_OFFER
        return Offer(creates=True, covers=SongOption.COVER in self.terms(found.gateway).abilities.can, ordered=ordered)

    async def own_of_task(self, task_id: str, user_id: int) -> Order | None:
        """The order by which somebody had a task made; None: it was somebody else's, or none."""
        order = await self.store.of_task(task_id)
        return order if order and order.user_id == user_id else None

    async def draft(
        self,
        order_id: str,
        maker: Maker,
        request: SongRequest,
        *,
        channel_id: int,
        locale: str,
        user_locale: str,
        gateway: str = "",
    ) -> Order:
        """Stores a draft when its form is submitted. The same id gives the same draft: Discord may deliver a form
        twice. `gateway`: the one that has the song which it continues; empty: any.
        """
        terms = self.terms(gateway)
        offered = _offered(terms, await self.rules(maker.guild_id))
        model = model_named(request.model).name if request.model.strip() else offered[0].name
        order = Order(
            id=order_id,
            user_id=maker.user_id,
            guild_id=maker.guild_id,
            channel_id=channel_id,
            gateway=terms.name,
            request=replace(request, model=model),
            price=terms.price(Work.of(request.kind)),
            created_at=self._clock.now(),
            locale=locale,
            user_locale=user_locale,
        )
        await self.store.draft(order)
        return await self.store.order(order_id) or order

    async def own(self, order_id: str, user_id: int) -> Order | None:
        order = await self.store.order(order_id)
        return order if order and order.user_id == user_id else None

    async def edit(self, order_id: str, user_id: int, request: SongRequest) -> Order | None:
        """The edited draft; None: it is not a draft of theirs."""
        order = await self.own(order_id, user_id)
        if order is None:
            return None
        price = self.terms(order.gateway).price(Work.of(request.kind))
        edited = replace(order, request=request, price=price)
        return edited if await self.store.edit(edited) else None

    async def quote(self, order: Order, maker: Maker) -> Quote:
        """Everything to know before a payment, as of now."""
        rules, terms = await self.rules(maker.guild_id), self.terms(order.gateway)
        work, options = Work.of(order.request.kind), options_of(order.request)
        limits = self._limits(rules, work, maker)
        usage = await self.store.usage(maker.user_id, maker.guild_id, work, self._clock.now())
        return Quote(
            order=order,
            price=terms.price(work),
            exact=terms.price_is_exact(work),
            ignored=options & terms.abilities.ignores,
            doubtful=options - terms.abilities.can - terms.abilities.ignores,
            faults=too_long(order.request),
            problem=problem_of(order.request),
            left=left(usage, limits),
            limit=limits.person,
            approval=rules.approval and not maker.manages,
            closed=terms.closed,
            not_permitted=why_not_permitted(maker, _in_effect(rules, terms), self.operator, order.request.model),
            limit_reached=limit_reached(usage, limits, self._clock.now()),
        )

    async def quote_for_card(self, order: Order, maker: Maker) -> Quote:
        """What is shown is what Create agrees to: the draft has that price from now on."""
        quote = await self.quote(order, maker)
        if quote.price != order.price or order.reason:
            await self.store.show(order.id, quote.price)
        return quote

    async def wait_until(self, moment: float) -> None:
        await self._clock.sleep(moment - self._clock.now())

    async def place(self, order_id: str, maker: Maker) -> Placed | LimitReached | Obstacle:
        """Places a draft as an order: once, however often and wherever Create is pressed."""
        order = await self.own(order_id, maker.user_id)
        if order is None or order.state is not OrderState.DRAFT:
            return Obstacle.GONE
        quote = await self.quote(order, maker)
        if not quote.complete:
            return Obstacle.NOT_READY
        if order.reason == RESTORED:
            return Obstacle.RESTORED
        if quote.price != order.price:
            return Obstacle.CHANGED
        rules = await self.rules(maker.guild_id)
        placed = await self.store.place(
            replace(order, at_once=rules.at_once),
            self._limits(rules, Work.of(order.request.kind), maker),
            self._clock.now(),
            approve=quote.approval,
        )
        self.wake()
        return Obstacle.EDITED if isinstance(placed, Edited) else placed or Obstacle.GONE

    def _limits(self, rules: CreationRules, work: Work, maker: Maker) -> Limits:
        return limits_of(rules, self.operator, work, direct=maker.guild_id is None)

    async def usage(self, maker: Maker, work: Work) -> tuple[Usage, Limits]:
        """Today's orders by the person, their server and everybody, and their limits."""
        limits = self._limits(await self.rules(maker.guild_id), work, maker)
        return await self.store.usage(maker.user_id, maker.guild_id, work, self._clock.now()), limits

    async def cancel(self, order_id: str, user_id: int) -> Order | None:
        """None: it was sent already, or is not theirs."""
        cancelled = await self.store.cancel(order_id, user_id, self._clock.now())
        self.wake()
        return cancelled

    async def decide(self, order_id: str, guild_id: int, *, approve: bool) -> Order | None:
        """A manager approves or declines. None: it was decided already."""
        now = self._clock.now()
        order = await self._waiting(order_id, guild_id)
        if order is None:
            return None
        if approve:
            moved = await self.store.approve(order, now)
        else:
            declined = replace(order, state=OrderState.DECLINED, due_at=None)
            moved = await self.store.move(declined, OrderState.WAITING, now)
        self.wake()
        return await self.store.order(order_id) if moved else None

    async def _waiting(self, order_id: str, guild_id: int) -> Order | None:
        order = await self.store.order(order_id)
        return order if order and order.guild_id == guild_id and order.state is OrderState.WAITING else None

    async def settle_with_task(self, order_id: str, task_id: str) -> Settlement:
        """Accepts the task that a person gives for an unsure order. Raises UnknownTask or GatewayError."""
        order = await self.store.order(order_id)
        if order is None or order.state not in (OrderState.UNSURE, OrderState.LOST):
            return Settlement.GONE
        task = (await self._lookup.find(task_id, known_at=order.gateway)).task
        return await self._accept_found(order, task)

    async def _accept_found(self, order: Order, task: Task) -> Settlement:
        if not may_be_result(order, task):
            return Settlement.OTHER_SONG
        if await self.store.of_task(task.id):
            return Settlement.TAKEN
        now = self._clock.now()
        accepted = after_submission(order, Accepted(task.id), now)
        done = await self.store.accept(accepted, watch_on(accepted, now), order.state, now)
        self.wake()
        return Settlement.DONE if done else Settlement.GONE

    async def settle(self, order_id: str, *, charged: bool) -> Settlement:
        """A manager settles an unsure order: it was charged and is lost, or was not charged.

        Either way its allowance is given back.
        """
        order = await self.store.order(order_id)
        if order is None or order.state is not OrderState.UNSURE:
            return Settlement.GONE
        state, reason = (OrderState.LOST, "") if charged else (OrderState.REFUSED, NOT_CHARGED)
        done = await self.store.move(
            replace(order, state=state, reason=reason, due_at=None), OrderState.UNSURE, self._clock.now()
        )
        self.wake()
        return Settlement.DONE if done else Settlement.GONE


def _offered(terms: GatewayTerms, rules: CreationRules) -> list[Model]:
    """What the gateway has, as far as the server's managers want it; all, if that is nothing."""
    allowed = [model for model in terms.abilities.models if model.name in rules.models]
    return allowed or list(terms.abilities.models)


def _in_effect(rules: CreationRules, terms: GatewayTerms) -> CreationRules:
    """With the models that can be ordered: those of the operator's list, if there is one, that the managers want."""
    if not (rules.models or terms.settings.models):
        return rules
    offered = [model.name for model in _offered(terms, rules)]
    return replace(rules, models=tuple(offered) if terms.settings.models else (*offered, *rules.models))

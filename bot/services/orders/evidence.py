"""Gathers what a gateway's usage log and balance prove about an unsure order."""

from collections.abc import Mapping

from bot.domain.allowance import Work
from bot.domain.evidence import (
    CLOCK_DIFFERENCE,
    Evidence,
    SentOrder,
    charges_by_balance,
    evidence_by_count,
    evidence_by_log,
    since_quiet,
)
from bot.domain.order import Order, OrderState
from bot.services.orders.terms import GatewayTerms
from bot.storage.order_upkeep import OrderUpkeep

_LOG_WINDOW = 2 * 86_400.0  # seconds of orders that are compared with the usage log
_MODELS = {Work.SONG: "suno_music", Work.LYRICS: "suno_lyrics"}
_WAS_TAKEN = frozenset({OrderState.ACCEPTED, OrderState.FINISHED, OrderState.FAILED})


class EvidenceFinder:
    """Raises StorageError."""

    def __init__(self, upkeep: OrderUpkeep, terms: Mapping[str, GatewayTerms]) -> None:
        self._upkeep = upkeep
        self._terms = terms

    async def of(self, order: Order, now: float) -> Evidence:
        """By the log, or by the balance if the log proves nothing."""
        terms = self._terms.get(order.gateway)
        if terms is None or not terms.settings.key_is_ours:
            return Evidence.NONE
        sent = await self._upkeep.sent(order.gateway, now - _LOG_WINDOW)
        found = await self._by_log(terms, order, sent, now)
        return found if found is not Evidence.NONE else await self._by_balance(terms, order, sent, now)

    async def _by_log(self, terms: GatewayTerms, order: Order, sent: list[Order], now: float) -> Evidence:
        charges = await terms.charges()
        if not charges:
            return Evidence.NONE
        work = Work.of(order.request.kind)
        of_that_kind = [_sent(each) for each in sent if Work.of(each.request.kind) is work]
        charged_at = [charge.at for charge in charges if charge.model == _MODELS[work]]
        return evidence_by_log(since_quiet(of_that_kind, order.sent_at or 0.0), charged_at, now)

    async def _by_balance(self, terms: GatewayTerms, order: Order, sent: list[Order], now: float) -> Evidence:
        """Only with an exact price, and where nothing else has changed the balance since it was read."""
        before = terms.reading_before(order.sent_at or 0.0)
        if before is None:
            return Evidence.NONE
        since = [each for each in sent if (each.sent_at or 0.0) > before.at - CLOCK_DIFFERENCE]
        if not all(terms.price_is_exact(Work.of(each.request.kind)) for each in since):
            return Evidence.NONE
        if any(each.state is OrderState.FAILED or (each.sent_at or 0.0) <= before.at for each in since):
            return Evidence.NONE  # a failed song may be refunded; a charge may be on either side of the reading
        used, price = await terms.used(), terms.price(Work.SONG)
        if used is None or not price:
            return Evidence.NONE
        return evidence_by_count([_sent(each) for each in since], charges_by_balance(used - before.used, price), now)


def _sent(order: Order) -> SentOrder:
    return SentOrder(order.sent_at or 0.0, order.state in _WAS_TAKEN or bool(order.task_id))

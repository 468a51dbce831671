"""The bot's condition in the format of Prometheus."""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from bot import __version__
from bot.domain.shards import ShardCondition
from bot.monitor.health import Condition, GatewayCondition
from bot.storage.backlog import Backlog


def exposition(condition: Condition) -> bytes:
    """In the text format, with the process metrics."""
    return _exposition(_Families(condition))


def standby_exposition() -> bytes:
    """Of a process that waits to lead: none about Discord and the database, since the leader tells those."""
    return _exposition(_Standby())


def _exposition(families: Collector) -> bytes:
    registry = CollectorRegistry()
    registry.register(families)
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def _of_process(*, leads: bool) -> Iterator[Metric]:
    yield InfoMetricFamily("suno_watch_build", "The bot's version.", {"version": __version__})
    yield _gauge("leads", "1 in the process that works, 0 in one that waits to take over.", leads)


class _Standby(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _of_process(leads=False)


class _Families(Collector):
    def __init__(self, condition: Condition) -> None:
        self._condition = condition

    def collect(self) -> Iterator[Metric]:
        condition = self._condition
        yield from _of_process(leads=True)
        yield _gauge("discord_connected", "1 while events of any server arrive from Discord.", condition.connected)
        yield from _of_shards(condition.shards)
        what = "Since the last command or press, or since the start: an open connection does not prove that any arrive."
        yield _gauge("last_interaction_age_seconds", what, condition.interaction_age)
        yield _gauge("database_writable", "1 while the database can be written.", condition.backlog is not None)
        yield _gauge("task_lateness_seconds", "By how much the oldest due task is late.", condition.lateness)
        yield _delivery_outcomes(condition.deliveries)
        yield from _of_gateways(condition.gateways, condition.now)
        if condition.backlog:
            yield from _of_backlog(condition.backlog)
            yield _gauge("delivery_wait_seconds", "For how long the oldest message has waited.", condition.waiting)


def _gauge(name: str, what: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"suno_watch_{name}", what, value)


def _delivery_outcomes(deliveries: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily("suno_watch_deliveries", "Messages sent to Discord, by outcome.", labels=["outcome"])
    for outcome, count in deliveries.items():
        family.add_metric([outcome], count)
    return family


def _of_shards(shards: Sequence[ShardCondition]) -> Iterator[Metric]:
    prefix, labels = "suno_watch_shard", ["shard"]
    connected = GaugeMetricFamily(f"{prefix}_connected", "1 while the events of its servers arrive.", labels=labels)
    servers = GaugeMetricFamily(f"{prefix}_servers", "Its servers: Discord allows 2,500.", labels=labels)
    latency = GaugeMetricFamily(
        f"{prefix}_latency_seconds", "From the last heartbeat to its answer, once there was one.", labels=labels
    )
    for shard in shards:
        connected.add_metric([str(shard.id)], shard.connected)
        servers.add_metric([str(shard.id)], shard.servers)
        if shard.latency is not None:
            latency.add_metric([str(shard.id)], shard.latency)
    yield from (connected, servers, latency)


def _of_gateways(gateways: Sequence[GatewayCondition], now: float) -> Iterator[Metric]:
    prefix, labels = "suno_watch_gateway", ["gateway"]
    requests = CounterMetricFamily(f"{prefix}_requests", "Requests, by outcome.", labels=[*labels, "outcome"])
    answered = GaugeMetricFamily(
        f"{prefix}_last_answer_timestamp_seconds", "When it last gave a usable answer.", labels=labels
    )
    cycle = GaugeMetricFamily(f"{prefix}_tick_seconds", "Period of its update cycle, once it is known.", labels=labels)
    for gateway in gateways:
        for outcome, count in gateway.outcomes.items():
            requests.add_metric([gateway.name, outcome], count)
        if gateway.answer_age is not None:
            answered.add_metric([gateway.name], now - gateway.answer_age)
        if gateway.cycle is not None:
            cycle.add_metric([gateway.name], gateway.cycle)
    yield from (requests, answered, cycle)


def _of_backlog(backlog: Backlog) -> Iterator[Metric]:
    yield _gauge("open_watches", "Watches that have not ended.", backlog.open_watches)
    unsent = GaugeMetricFamily("suno_watch_unsent_deliveries", "Messages that are not sent yet.", labels=["state"])
    for state, count in backlog.unsent.items():
        unsent.add_metric([state], count)
    yield unsent

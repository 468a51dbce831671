"""What Prometheus reads where a running bot takes long to get there."""

from prometheus_client.parser import text_string_to_metric_families

from bot.monitor.health import Condition, GatewayCondition
from bot.monitor.metrics import exposition


def cycles(*gateways: GatewayCondition) -> dict[str, float]:
    condition = Condition(now=1e9, due_at=None, shards=(), backlog=None, gateways=gateways, deliveries={})
    families = {each.name: each for each in text_string_to_metric_families(exposition(condition).decode())}
    return {each.labels["gateway"]: each.value for each in families["suno_watch_gateway_tick_seconds"].samples}


def test_an_update_cycle_is_logged_once_it_is_known() -> None:
    known = GatewayCondition(name="known", outcomes={}, answer_age=None, cycle=15.0)
    unknown = GatewayCondition(name="unknown", outcomes={}, answer_age=None, cycle=None)
    assert cycles(known, unknown) == {"known": 15.0}

"""The alert rules and the dashboard, held against what a running bot says at /metrics."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import Fault
from tests.conftest import Env
from tests.installed_programs import program

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "suno-watch.rules.yml"
CONFIG = RULES.with_name("prometheus.yml")
DASHBOARD = ROOT / "deploy" / "grafana" / "suno-watch.json"
TRIED = Path(__file__).with_name("rules.test.yml")
SELECTED = re.compile(r"\b((?:suno_watch|process|up)\w*)(?:\{(.*?)\})?")
OF_PROMETHEUS = {"job", "instance"}  # labels that it adds by itself
QUERY_OPTIONS = {"$__rate_interval": "5m", "$job": "suno-watch", "$instance": ".*"}


def promtool(*arguments: str | Path, stdin: str | None = None) -> None:
    command = [program("promtool"), *arguments]
    ended = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def dashboard() -> dict[str, Any]:
    return dict(json.loads(DASHBOARD.read_text(encoding="utf-8")))


def queries() -> Iterator[str]:
    """Of the dashboard, as Prometheus gets them."""
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            query = target["expr"]
            for name, value in QUERY_OPTIONS.items():
                query = query.replace(name, value)
            yield query


def unknown(query: str, families: Sequence[Metric]) -> Iterator[str]:
    """What it asks for and the bot does not say: metrics, labels, and values of labels."""
    for name, selectors in SELECTED.findall(query):
        series = [each.labels for family in families for each in family.samples if each.name == name]
        if not series and name not in {"up", *(family.name for family in families)}:
            yield name
        for label, operator, value in re.findall(r'(\w+)\s*(!?=~?)\s*"(.*?)"', selectors):
            if label not in OF_PROMETHEUS and value not in {each.get(label) for each in series}:
                yield f"{name}: {label}{operator}{value}"


async def test_rules_and_dashboard_use_existing_metrics(env: Env, port: int) -> None:
    """Also of what has not come to pass yet: that is counted from 0 on, or has a name at least."""
    env.gateway.add(FakeTask("task_slow", states=((0, "queued"),)))
    async with env.bot(http_port=port), aiohttp.ClientSession() as session:
        await env.status("task_slow")
        env.gateway.faults.append(Fault(500))
        await env.status("task_other")
        async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            text = await answer.text()
    families = list(text_string_to_metric_families(text))
    asked = [*(rule["expr"] for rule in rules()), *queries()]
    assert [each for query in asked for each in unknown(query, families)] == []
    assert list(unknown('suno_watch_coffee > 0 and suno_watch_unsent_deliveries{state="cold"}', families)) == [
        "suno_watch_coffee",
        "suno_watch_unsent_deliveries: state=cold",
    ]
    promtool("check", "metrics", stdin=text)


def test_prometheus_takes_the_rules() -> None:
    promtool("check", "config", CONFIG)
    promtool("check", "rules", RULES)
    (scraped,) = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["scrape_configs"]
    assert {"suno-watch"} == {scraped["job_name"], *re.findall(r'job="(.*?)"', RULES.read_text(encoding="utf-8"))}


def test_the_rules_alarm_when_they_should_and_only_then() -> None:
    promtool("test", "rules", TRIED)
    tried = yaml.safe_load(TRIED.read_text(encoding="utf-8"))["tests"]
    tests = [each for test in tried for each in test["alert_rule_test"]]
    for fires in (True, False):
        assert {each["alertname"] for each in tests if bool(each.get("exp_alerts")) == fires} == {
            rule["alert"] for rule in rules()
        }, fires


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries())]
    assert len(recorded) > 10
    file = tmp_path / "dashboard.rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}), "utf-8")
    promtool("check", "rules", file)


def test_the_dashboard_can_be_imported_anywhere() -> None:
    """It has no data source of ours in it, and no panel covers another."""
    board = dashboard()
    sources = [panel["datasource"]["uid"] for panel in board["panels"]]
    sources += [target["datasource"]["uid"] for panel in board["panels"] for target in panel["targets"]]
    assert set(sources) == {"${datasource}"}
    assert {each["name"] for each in board["templating"]["list"]} == {"datasource", "job", "instance"}
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alarm_says_what_is_the_case_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert all(rule["annotations"][name] for name in ("summary", "description"))

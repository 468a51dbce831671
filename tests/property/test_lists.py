"""Lists of any tasks, in every language, keep to Discord's limits."""

import asyncio
import csv
import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.batch import STATES, Batch, BatchEntry, entry_of
from bot.domain.charts import ChartPost
from bot.domain.delivery import State, Topic
from bot.domain.outbox import DeliverySummary
from bot.domain.preferences import PersonSettings, ServerSettings
from bot.domain.snapshot import TaskSnapshot
from bot.domain.task import Task, TaskKind
from bot.domain.watch import Watch, delivery_for
from bot.domain.watch_results import ListedWatch
from bot.ui.features import admin, batches, deliveries, settings, watch_list
from bot.ui.render import components
from bot.ui.render.locales import languages
from sandbox.local_discord.limits import COMPONENTS_V2, check_message
from tests.property.strategies import tags, tasks, texts

IDS = st.text("abc-_0123456789", min_size=1, max_size=80)
NUMBERS = st.integers(1, 2**63 - 1)
entries = st.builds(
    BatchEntry,
    id=IDS,
    state=st.sampled_from(STATES),
    kind=st.sampled_from(TaskKind),
    gateway=texts,
    title=texts,
    songs=st.integers(0, 9),
    progress=st.none() | st.floats(0, 100),
    reason=texts,
    links=st.lists(st.sampled_from(["https://cdn.example/a.mp3", "=cmd()"]), max_size=2).map(tuple),
)
chart_posts = st.builds(
    ChartPost,
    guild_id=NUMBERS,
    week=st.just("2026-W48"),
    id=st.just("f" * 25),
    channel_id=NUMBERS,
    since=st.floats(0, 4e9),
    until=st.floats(0, 4e9),
    state=st.sampled_from([*deliveries._UNPOSTED_CHART.values()]),
    reason=texts,
)
watches = st.builds(
    Watch,
    id=NUMBERS,
    task_id=IDS,
    user_id=NUMBERS,
    channel_id=NUMBERS,
    guild_id=st.none() | NUMBERS,
    created_at=st.floats(0, 4e9),
)


def _number(row: tuple[Any, ...]) -> int:
    """Of its watch: each stands in a list once."""
    watch: Watch = row[0]
    return watch.id


def check_view(make: Callable[[], Any]) -> None:
    async def view() -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = make().to_components()
        return made

    check_message({"components": asyncio.run(view())}, flags=COMPONENTS_V2, attachments=0)


@given(st.lists(entries, max_size=25, unique_by=lambda entry: entry.id), st.integers(0, 999), tags)
def test_any_batch(listed: list[BatchEntry], page: int, tag: str) -> None:
    batch = Batch(id="x" * 12, user_id=1, entries=tuple(listed), ignored=3, created_at=1.0)
    check_view(lambda: batches.list_view(batch, page, languages()[tag]))
    rows = list(csv.reader(io.StringIO(batches._csv(listed, languages()[tag]).decode("utf-8-sig"), newline="")))
    assert len(rows) == len(listed) + 1
    assert not [field for row in rows[1:] for field in row if field[:1] in ("=", "+", "-", "@")]


@given(tasks)
def test_any_task_is_an_entry(task: Task) -> None:
    assert entry_of(task, "default").state in STATES


@given(
    st.lists(st.tuples(watches, st.none() | tasks, st.none() | st.sampled_from(State)), max_size=8, unique_by=_number),
    tags,
)
def test_any_watches(found: list[tuple[Watch, Task | None, State | None]], tag: str) -> None:
    listed = [
        ListedWatch(watch, TaskSnapshot(task_id=watch.task_id, task=task), state, "") for watch, task, state in found
    ]
    check_view(lambda: watch_list._list_view(listed, 99, "mine", 3, languages()[tag], 2e9))
    check_view(lambda: watch_list._list_view(listed, 99, "server", 3, languages()[tag], 2e9))


@given(
    st.lists(
        st.tuples(watches, st.sampled_from(Topic), st.sampled_from(State), texts, texts), max_size=5, unique_by=_number
    ),
    st.none() | chart_posts,
    st.booleans(),
    texts,
    tags,
)
def test_any_deliveries(
    found: list[tuple[Watch, Topic, State, str, str]], chart: ChartPost | None, titled: bool, denied: str, tag: str
) -> None:
    shown = [
        DeliverySummary(
            delivery=delivery_for(watch, topic, 1.0), state=state, reason=reason, task_id=watch.task_id, title=title
        )
        for watch, topic, state, reason, title in found
    ]
    language = languages()[tag]
    channels = [each.channel_id for each in (*(each.delivery for each in shown), *([chart] if chart else ()))]
    page = partial(
        deliveries._Page, state="open", count=99, deliveries=shown, chart=chart, missing=dict.fromkeys(channels, denied)
    )
    for number in (0, 2):
        check_view(partial(deliveries._view, page(number=number), language, titled=titled))


@given(st.lists(NUMBERS, max_size=40), st.sampled_from(["", "zh-CN", "en-US", "xx"]), st.none() | NUMBERS, tags)
def test_any_settings(roles: list[int], locale: str, number: int | None, tag: str) -> None:
    server = ServerSettings(
        guild_id=1, locale=locale, roles=tuple(roles), channel_id=number, watches_per_user=number, paused=True
    )
    check_view(lambda: admin._panel(server, languages()[tag]))
    check_view(lambda: settings._panel(PersonSettings(user_id=1, locale=locale), languages()[tag]))


def test_a_dozen_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    many = {f"x{number}": languages()["en"] for number in range(12)}
    monkeypatch.setattr(components, "languages", lambda: many)
    check_view(lambda: settings._panel(PersonSettings(user_id=1), languages()["en"]))
    check_view(lambda: admin._panel(ServerSettings(guild_id=1), languages()["en"]))

"""/suno batch: many tasks from a text, a file or a form, in one list that outlives a restart."""

import csv
import gc
import io
from typing import Any

import discord
import pytest

from sandbox.local_discord.interactions import Interaction
from sandbox.local_discord.messages import Upload
from sandbox.local_discord.people import Person, components
from sandbox.local_gateway.life import Life, Song
from sandbox.local_gateway.server import Fault
from tests.conftest import Town
from tests.e2e.test_watch import DONE, ONE, WORDS
from tests.messages import buttons, words

LIVES = (
    DONE,
    Life("task_running", "rix", (ONE,), states=((0, "running"),), progress=((0, 48),)),
    Life("task_waiting", states=((0, "queued"),)),
    Life("task_failed", states=((0, "failed"),), reason="content policy"),
    WORDS,
)
MANY = tuple(Life(f"task_{number:04}", songs=(ONE,)) for number in range(24))


def text_file(name: str, content: str | bytes) -> Upload:
    return Upload(name, content if isinstance(content, bytes) else content.encode(), "text/plain")


async def batch(town: Town, person: Person | None = None, **options: Any) -> dict[str, Any]:
    return await town.finished(await (person or town.ada).slash(town.channel, "suno batch", **options))


def select(message: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in components(message) if each["type"] == 3)


def file_of(town: Town, sheet: dict[str, Any]) -> str:
    return town.discord.world.files[sheet["attachments"][0]["id"]].content.decode("utf-8-sig")


async def test_a_pasted_text_becomes_one_list(town: Town) -> None:
    town.gateway.add(*LIVES)
    async with town.bot():
        answer = await batch(town, ids=f"please check {' '.join(life.id for life in LIVES)}, task_nowhere")
    said = words(answer)
    assert "## 6 tasks · ✅ 2 · 🎛️ 1 · ⏳ 1 · ❌ 1 · 🚫 1" in said
    assert "I left out 2 entries" in said
    assert "1. ✅ **Harbour Lights** · Finished · 2 songs · `11111111-22…`" in said
    assert "· Generating · 48%" in said
    assert "· Queued" in said, "the words of the tasks' own cards"
    assert "content policy" in said
    assert "6. 🚫 `task_nowhere` · not found" in said
    assert buttons(answer) == ["Refresh", "Watch unfinished (2)", "CSV"]
    assert len(town.gateway.requests) == 1


async def test_of_songs_those_that_arrived_are_counted(town: Town) -> None:
    lost = Song("cccccccc-1111-4222-8333-444444444444", "Harbour Lights", state="failed", reason="second take lost")
    town.gateway.add(Life("task_part01", songs=(ONE, lost)), DONE)
    async with town.bot():
        answer = await batch(town, ids=f"task_part01 {DONE.id}")
    assert "· Partly finished · 1 of 2 songs ·" in words(answer)
    assert "· Finished · 2 songs ·" in words(answer)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ids.txt", "\n".join(life.id for life in LIVES)),
        ("ids.csv", "n,task\n" + "\n".join(f"{number},{life.id}" for number, life in enumerate(LIVES))),
        ("answer.json", '{"data":[' + ",".join(f'{{"task_id":"{life.id}"}}' for life in LIVES) + "]}"),
        ("windows.txt", "\r\n".join(life.id for life in LIVES).encode("utf-16")),
    ],
)
async def test_ids_are_taken_out_of_a_file(town: Town, name: str, content: str | bytes) -> None:
    town.gateway.add(*LIVES)
    async with town.bot():
        answer = await batch(town, file=text_file(name, content))
    assert "## 5 tasks" in words(answer)


async def test_a_form_asks_when_nothing_was_given(town: Town) -> None:
    town.gateway.add(*LIVES)
    async with town.bot():
        opened = await town.ben.slash(town.channel, "suno batch")
        assert opened.modal
        assert opened.modal["title"] == "查询 Suno 任务"
        answer = await town.finished(await _fill_in(town, opened, f"{DONE.id} task_failed"))
        nothing = await town.finished(await _fill_in(town, await town.ben.slash(town.channel, "suno batch"), ""))
    assert "## 2 个任务" in words(answer)
    assert "请输入网关返回给你的任务 ID" in nothing["content"]


async def test_forms_that_nobody_sends_off_are_not_kept_for_ever(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord does not say when somebody closes one."""
    monkeypatch.setattr("bot.ui.forms._LIFE", 0.2)
    async with town.bot():
        for _ in range(10):
            assert (await town.ada.slash(town.channel, "suno batch")).modal
        await town.discord.hub.until(lambda: gc.collect() + _forms() == 0)


def _forms() -> int:
    return sum(isinstance(each, discord.ui.Modal) for each in gc.get_objects())


async def test_forms_count_as_questions(town: Town) -> None:
    async with town.bot(requests_per_minute=2):
        first, second = [await town.ben.slash(town.channel, "suno batch") for _ in range(2)]
        refused = await _fill_in(town, first, "task_nowhere")
        await town.discord.hub.until(lambda: refused.message)
    assert second.modal
    assert refused.message
    assert "操作太频繁" in refused.message["content"]


async def _fill_in(town: Town, opened: Interaction, text: str) -> Interaction:
    assert opened.modal
    labels = opened.modal["components"]
    sent = [
        {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": _id(labels[0]), "value": text}},
        {"type": 18, "id": 3, "component": {"type": 19, "id": 4, "custom_id": _id(labels[1]), "values": []}},
    ]
    return await town.ben.submit(opened, sent)


def _id(label: dict[str, Any]) -> str:
    return str(label["component"]["custom_id"])


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (Upload("song.mp3", b"ID3", "audio/mpeg"), "`song.mp3` isn't a text file"),
        (text_file("empty.txt", "nothing here"), "I found no task id in there"),
        (text_file("large.txt", b"x" * 1_100_000), "`large.txt` is too large"),
    ],
)
async def test_a_file_without_ids_is_explained(town: Town, file: Upload, sentence: str) -> None:
    async with town.bot():
        answer = await batch(town, file=file)
    assert sentence in answer["content"]


async def test_pages_and_buttons_work_after_a_restart(town: Town) -> None:
    town.gateway.add(*MANY)
    async with town.bot():
        answer = await batch(town, ids=" ".join(life.id for life in MANY))
    assert "Page 1 of 3" in words(answer)
    async with town.bot():
        await town.ada.press(answer, "▶️")
        await town.discord.hub.until(lambda: "Page 2 of 3" in words(answer))
        assert "11. ✅ **Harbour Lights**" in words(answer)
        opened = await town.finished(await town.ada.select(answer, select(answer)["custom_id"], ["task_0012"]))
        await town.discord.hub.until(lambda: opened["attachments"])
        assert opened["flags"] & 64
        sheet = await town.finished(await town.ada.press(answer, "CSV"))
    file = file_of(town, sheet)
    rows = list(csv.DictReader(io.StringIO(file)))
    assert [row["id"] for row in rows] == [life.id for life in MANY]
    assert rows[0]["audio"].startswith(town.gateway.media_url)


async def test_another_person_gets_an_own_private_copy(town: Town) -> None:
    town.gateway.add(*MANY)
    async with town.bot():
        answer = await batch(town, ids=" ".join(life.id for life in MANY))
        pressed = await town.ben.press(answer, "▶️")
        await town.discord.hub.until(lambda: pressed.follow_ups)
        assert "Page 1 of 3" in words(answer)
        (copy,) = pressed.follow_ups
        assert "第 2/3 页" in words(copy)
        assert copy["flags"] & 64
        await town.ben.press(copy, "▶️")
        await town.discord.hub.until(lambda: "第 3/3 页" in words(copy))


async def test_the_unfinished_ones_are_watched(town: Town) -> None:
    town.gateway.add(DONE, Life("task_soon", songs=(ONE,), states=((0, "running"), (20, "done"))))
    async with town.bot(poll_interval_seconds=0.1):
        answer = await batch(town, ids=f"{DONE.id} task_soon")
        watched = await town.finished(await town.ada.press(answer, "Watch unfinished (1)"))
        await town.finish()
        (post,) = await town.posts()
        await town.ada.press(answer, "Refresh")
        await town.discord.hub.until(lambda: "✅ 2" in words(answer))
        assert "Watch unfinished" not in str(buttons(answer))
    assert "Watching `task_soon`" in watched["content"]
    assert len(post["attachments"]) == 1


async def test_only_one_kind(town: Town) -> None:
    town.gateway.add(DONE, WORDS)
    async with town.bot():
        music = await batch(town, ids=f"{DONE.id} {WORDS.id}", action="MUSIC")
        lyrics = await batch(town, ids=f"{DONE.id} {WORDS.id}", action="LYRICS")
    assert "Harbour Lights" in words(music)
    assert "Words" not in words(music)
    assert "Words" in words(lyrics)


async def test_five_hundred_in_few_requests_and_no_more(town: Town) -> None:
    town.gateway.add(*(Life(f"task_{number:05}", songs=(ONE,)) for number in range(510)))
    ids = "\n".join(f"task_{number:05}" for number in range(510))
    async with town.bot():
        answer = await batch(town, file=text_file("ids.txt", ids))
    assert "## 500 tasks · ✅ 500" in words(answer)
    assert "I left out 10 entries" in words(answer)
    assert len(town.gateway.requests) == 5


async def test_progress_is_seen_when_it_takes_long(town: Town) -> None:
    town.gateway.add(*(Life(f"task_{number:05}", songs=(ONE,)) for number in range(300)))
    town.gateway.faults.append(Fault(500, delay=2.2, times=1, path="fetch$"))
    async with town.bot():
        asked = await town.ada.slash(
            town.channel, "suno batch", file=text_file("ids.txt", " ".join(f"task_{n:05}" for n in range(300)))
        )
        seen = await town.discord.hub.until(lambda: "⏳ 100 of 300 tasks…" in (asked.message or {}).get("content", ""))
        await town.discord.hub.until(lambda: asked.message and asked.message["components"])
    assert seen
    assert asked.message
    assert "## 300 tasks · ✅ 300" in words(asked.message)


async def test_a_gateway_that_fails_says_nothing_of_the_tasks(town: Town) -> None:
    town.gateway.add(DONE)
    town.gateway.faults.append(Fault(502))
    async with town.bot():
        answer = await batch(town, ids=f"{DONE.id} task_nowhere")
        assert "## 2 tasks · 🔌 2" in words(answer)
        town.gateway.faults.clear()
        await town.ada.press(answer, "Refresh")
        await town.discord.hub.until(lambda: "✅ 1 · 🚫 1" in words(answer))


async def test_hostile_titles_in_a_list(town: Town) -> None:
    evil = Song("c1", "@everyone [free](https://evil.example)\n# big ||`*", duration=2.0)
    town.gateway.add(Life("task_evil", songs=(evil,)), Life("task_calc", songs=(Song("c2", "=1+1"),)))
    async with town.bot():
        answer = await batch(town, ids="task_evil task_calc")
        sheet = await town.finished(await town.ada.press(answer, "CSV"))
    assert not answer["mention_everyone"]
    assert "](https" not in words(answer)
    file = file_of(town, sheet)
    assert "'=1+1" in file


@pytest.mark.parametrize(
    "title", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\u200b=1", "\ufeff=1", "＝1+1", "＋1", "－1", "＠x"]
)
async def test_no_title_is_a_formula_in_a_spreadsheet(town: Town, title: str) -> None:
    town.gateway.add(Life("task_calc", songs=(Song("c2", title),)))
    async with town.bot():
        sheet = await town.finished(await town.ada.press(await batch(town, ids="task_calc"), "CSV"))
    (row,) = csv.DictReader(io.StringIO(file_of(town, sheet)))
    assert row["title"][0] == "'"


async def test_a_list_that_is_gone_is_explained(town: Town) -> None:
    town.gateway.add(*MANY)
    async with town.bot():
        answer = await batch(town, ids=" ".join(life.id for life in MANY))
    async with town.bot(database_url=town.settings["database_url"] + ".other"):
        pressed = await town.ada.press(answer, "▶️")
        await town.discord.hub.until(lambda: pressed.follow_ups)
    assert "I no longer have that list" in pressed.follow_ups[0]["content"]

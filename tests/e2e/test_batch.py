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
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests.conftest import Env
from tests.messages import buttons, words
from tests.sample_tasks import DONE, ONE, WORDS

TASKS = (
    DONE,
    FakeTask("task_running", "rix", (ONE,), states=((0, "running"),), progress=((0, 48),)),
    FakeTask("task_waiting", states=((0, "queued"),)),
    FakeTask("task_failed", states=((0, "failed"),), reason="content policy"),
    WORDS,
)
MANY = tuple(FakeTask(f"task_{number:04}", songs=(ONE,)) for number in range(24))


def text_file(name: str, content: str | bytes) -> Upload:
    return Upload(name, content if isinstance(content, bytes) else content.encode(), "text/plain")


async def batch(env: Env, person: Person | None = None, **options: Any) -> dict[str, Any]:
    return await env.finished(await (person or env.ada).slash(env.channel, "suno batch", **options))


def select(message: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in components(message) if each["type"] == 3)


def file_of(env: Env, export: dict[str, Any]) -> str:
    return env.discord.world.files[export["attachments"][0]["id"]].content.decode("utf-8-sig")


async def test_a_pasted_text_becomes_one_list(env: Env) -> None:
    env.gateway.add(*TASKS)
    async with env.bot():
        answer = await batch(env, ids=f"please check {' '.join(fake.id for fake in TASKS)}, task_nowhere")
    said = words(answer)
    assert "## 6 tasks · ✅ 2 · 🎛️ 1 · ⏳ 1 · ❌ 1 · 🚫 1" in said
    assert "I left out 2 entries" in said
    assert "1. ✅ **Harbour Lights** · Finished · 2 songs · `11111111-22…`" in said
    assert "· Generating · 48%" in said
    assert "· Queued" in said, "the words of the tasks' own cards"
    assert "content policy" in said
    assert "6. 🚫 `task_nowhere` · not found" in said
    assert buttons(answer) == ["Refresh", "Watch unfinished (2)", "CSV", "ZIP"]
    assert len(env.gateway.requests) == 1


async def test_of_songs_those_that_arrived_are_counted(env: Env) -> None:
    lost = Song("cccccccc-1111-4222-8333-444444444444", "Harbour Lights", state="failed", reason="second take lost")
    env.gateway.add(FakeTask("task_part01", songs=(ONE, lost)), DONE)
    async with env.bot():
        answer = await batch(env, ids=f"task_part01 {DONE.id}")
    assert "· Partly finished · 1 of 2 songs ·" in words(answer)
    assert "· Finished · 2 songs ·" in words(answer)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ids.txt", "\n".join(fake.id for fake in TASKS)),
        ("ids.csv", "n,task\n" + "\n".join(f"{number},{fake.id}" for number, fake in enumerate(TASKS))),
        ("answer.json", '{"data":[' + ",".join(f'{{"task_id":"{fake.id}"}}' for fake in TASKS) + "]}"),
        ("windows.txt", "\r\n".join(fake.id for fake in TASKS).encode("utf-16")),
    ],
)
async def test_ids_are_taken_out_of_a_file(env: Env, name: str, content: str | bytes) -> None:
    env.gateway.add(*TASKS)
    async with env.bot():
        answer = await batch(env, file=text_file(name, content))
    assert "## 5 tasks" in words(answer)


async def test_a_form_asks_when_nothing_was_given(env: Env) -> None:
    env.gateway.add(*TASKS)
    async with env.bot():
        opened = await env.ben.slash(env.channel, "suno batch")
        assert opened.modal
        assert opened.modal["title"] == "查询 Suno 任务"
        answer = await env.finished(await _fill_in(env, opened, f"{DONE.id} task_failed"))
        nothing = await env.finished(await _fill_in(env, await env.ben.slash(env.channel, "suno batch"), ""))
    assert "## 2 个任务" in words(answer)
    assert "请输入网关返回给你的任务 ID" in nothing["content"]


async def test_forms_that_nobody_sends_off_are_not_kept_for_ever(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord does not say when somebody closes one."""
    monkeypatch.setattr("bot.ui.interactions.forms._TIMEOUT", 0.2)
    async with env.bot():
        for _ in range(10):
            assert (await env.ada.slash(env.channel, "suno batch")).modal
        await env.discord.hub.until(lambda: gc.collect() + _forms() == 0)


def _forms() -> int:
    return sum(isinstance(each, discord.ui.Modal) for each in gc.get_objects())


async def test_forms_count_as_questions(env: Env) -> None:
    async with env.bot(requests_per_minute=2):
        first, second = [await env.ben.slash(env.channel, "suno batch") for _ in range(2)]
        refused = await _fill_in(env, first, "task_nowhere")
        await env.discord.hub.until(lambda: refused.message)
    assert second.modal
    assert refused.message
    assert "操作太频繁" in refused.message["content"]


async def _fill_in(env: Env, opened: Interaction, text: str) -> Interaction:
    assert opened.modal
    labels = opened.modal["components"]
    sent = [
        {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": _id(labels[0]), "value": text}},
        {"type": 18, "id": 3, "component": {"type": 19, "id": 4, "custom_id": _id(labels[1]), "values": []}},
    ]
    return await env.ben.submit(opened, sent)


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
async def test_a_file_without_ids_is_explained(env: Env, file: Upload, sentence: str) -> None:
    async with env.bot():
        answer = await batch(env, file=file)
    assert sentence in answer["content"]


async def test_pages_and_buttons_work_after_a_restart(env: Env) -> None:
    env.gateway.add(*MANY)
    async with env.bot():
        answer = await batch(env, ids=" ".join(fake.id for fake in MANY))
    assert "Page 1 of 3" in words(answer)
    async with env.bot():
        await env.ada.press(answer, "➡️")
        await env.discord.hub.until(lambda: "Page 2 of 3" in words(answer))
        assert "11. ✅ **Harbour Lights**" in words(answer)
        opened = await env.finished(await env.ada.select(answer, select(answer)["custom_id"], ["task_0012"]))
        await env.discord.hub.until(lambda: opened["attachments"])
        assert opened["flags"] & 64
        export = await env.finished(await env.ada.press(answer, "CSV"))
    file = file_of(env, export)
    rows = list(csv.DictReader(io.StringIO(file)))
    assert [row["id"] for row in rows] == [fake.id for fake in MANY]
    assert rows[0]["audio"].startswith(env.gateway.media_url)


async def test_another_person_gets_an_own_private_copy(env: Env) -> None:
    env.gateway.add(*MANY)
    async with env.bot():
        answer = await batch(env, ids=" ".join(fake.id for fake in MANY))
        pressed = await env.ben.press(answer, "➡️")
        await env.discord.hub.until(lambda: pressed.follow_ups)
        assert "Page 1 of 3" in words(answer)
        (copy,) = pressed.follow_ups
        assert "第 2/3 页" in words(copy)
        assert copy["flags"] & 64
        await env.ben.press(copy, "➡️")
        await env.discord.hub.until(lambda: "第 3/3 页" in words(copy))


async def test_the_unfinished_ones_are_watched(env: Env) -> None:
    env.gateway.add(DONE, FakeTask("task_soon", songs=(ONE,), states=((0, "running"), (20, "done"))))
    async with env.bot():
        answer = await batch(env, ids=f"{DONE.id} task_soon")
        watched = await env.finished(await env.ada.press(answer, "Watch unfinished (1)"))
        await env.finish()
        (post,) = await env.posts()
        await env.ada.press(answer, "Refresh")
        await env.discord.hub.until(lambda: "✅ 2" in words(answer))
        assert "Watch unfinished" not in str(buttons(answer))
    assert "Watching `task_soon`" in watched["content"]
    assert len(post["attachments"]) == 1


async def test_only_one_kind(env: Env) -> None:
    env.gateway.add(DONE, WORDS)
    async with env.bot():
        music = await batch(env, ids=f"{DONE.id} {WORDS.id}", action="MUSIC")
        lyrics = await batch(env, ids=f"{DONE.id} {WORDS.id}", action="LYRICS")
    assert "Harbour Lights" in words(music)
    assert "Words" not in words(music)
    assert "Words" in words(lyrics)


async def test_five_hundred_in_few_requests_and_no_more(env: Env) -> None:
    env.gateway.add(*(FakeTask(f"task_{number:05}", songs=(ONE,)) for number in range(510)))
    ids = "\n".join(f"task_{number:05}" for number in range(510))
    async with env.bot():
        answer = await batch(env, file=text_file("ids.txt", ids))
    assert "## 500 tasks · ✅ 500" in words(answer)
    assert "I left out 10 entries" in words(answer)
    assert len(env.gateway.requests) == 5


async def test_progress_is_seen_when_it_takes_long(env: Env) -> None:
    env.gateway.add(*(FakeTask(f"task_{number:05}", songs=(ONE,)) for number in range(300)))
    env.gateway.faults.append(Fault(500, delay=2.2, times=1, path="fetch$"))
    async with env.bot():
        asked = await env.ada.slash(
            env.channel, "suno batch", file=text_file("ids.txt", " ".join(f"task_{n:05}" for n in range(300)))
        )
        seen = await env.discord.hub.until(lambda: "⏳ 100 of 300 tasks…" in (asked.message or {}).get("content", ""))
        await env.discord.hub.until(lambda: asked.message and asked.message["components"])
    assert seen
    assert asked.message
    assert "## 300 tasks · ✅ 300" in words(asked.message)


async def test_a_gateway_that_fails_says_nothing_of_the_tasks(env: Env) -> None:
    env.gateway.add(DONE)
    env.gateway.faults.append(Fault(502))
    async with env.bot():
        answer = await batch(env, ids=f"{DONE.id} task_nowhere")
        assert "## 2 tasks · 🔌 2" in words(answer)
        env.gateway.faults.clear()
        await env.ada.press(answer, "Refresh")
        await env.discord.hub.until(lambda: "✅ 1 · 🚫 1" in words(answer))


async def test_hostile_titles_in_a_list(env: Env) -> None:
    evil = Song("c1", "@everyone [free](https://evil.example)\n# big ||`*", duration=2.0)
    env.gateway.add(FakeTask("task_evil", songs=(evil,)), FakeTask("task_calc", songs=(Song("c2", "=1+1"),)))
    async with env.bot():
        answer = await batch(env, ids="task_evil task_calc")
        export = await env.finished(await env.ada.press(answer, "CSV"))
    assert not answer["mention_everyone"]
    assert "](https" not in words(answer)
    file = file_of(env, export)
    assert "'=1+1" in file


@pytest.mark.parametrize(
    "title", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\u200b=1", "\ufeff=1", "＝1+1", "＋1", "－1", "＠x"]
)
async def test_no_title_is_a_formula_in_a_spreadsheet(env: Env, title: str) -> None:
    env.gateway.add(FakeTask("task_calc", songs=(Song("c2", title),)))
    async with env.bot():
        export = await env.finished(await env.ada.press(await batch(env, ids="task_calc"), "CSV"))
    (row,) = csv.DictReader(io.StringIO(file_of(env, export)))
    assert row["title"][0] == "'"


async def test_states_and_counts_are_the_same_words_in_a_list_and_in_its_export(env: Env) -> None:
    ready, lost = Song("c1", "Tarn", state="done"), Song("c2", "Tarn", state="failed", reason="blocked")
    number = "1234567890123456789"
    env.gateway.add(
        FakeTask(number, songs=(Song("c3", "Tarn"), Song("c4", "Tarn")), states=((0, "queued"),)),
        FakeTask("task_half", songs=(ready, Song("c2", "Tarn", state="streaming")), states=((0, "running"),)),
        FakeTask("task_partly", songs=(ready, lost)),
        FakeTask("task_oddly", songs=(Song("c5", "Tarn"),), states=((0, "running"),), word="FLORPING"),
        FakeTask("task_whole", songs=(ready, Song("c6", "Tarn"))),
    )
    async with env.bot():
        listed = await batch(env, ids=f"{number} task_half task_partly task_oddly task_whole task_gone")
        rows = list(csv.DictReader(io.StringIO(file_of(env, await env.finished(await env.ada.press(listed, "CSV"))))))
    shown = [line for line in words(listed).splitlines() if line[:1].isdigit()]
    states = ["Queued", "Generating", "Partly finished", "Unknown state “FLORPING”", "Finished", "not found"]
    assert [row["state"] for row in rows] == states
    assert [state in line for state, line in zip(states, shown, strict=True)] == [True] * 6
    assert [row["songs"] for row in rows] == ["0", "1", "1", "0", "2", "0"]
    assert ["1 of 2 songs" in line for line in shown] == [False, True, True, False, False, False]
    assert rows[0]["id"] == f"'{number}", "a spreadsheet would round the number"


async def test_a_list_that_is_gone_is_explained(env: Env) -> None:
    env.gateway.add(*MANY)
    async with env.bot():
        answer = await batch(env, ids=" ".join(fake.id for fake in MANY))
    async with env.bot(database_url=env.settings["database_url"] + ".other"):
        pressed = await env.ada.press(answer, "➡️")
        await env.discord.hub.until(lambda: pressed.follow_ups)
    assert "I no longer have that list" in pressed.follow_ups[0]["content"]

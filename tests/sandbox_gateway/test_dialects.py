"""What the local gateway says in each dialect and state is what real gateways say."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from sandbox.local_gateway.dialects import batch, single
from sandbox.local_gateway.fake_task import Dialect, FakeTask, Song, State

BORN = 1_772_444_400.0
AGE = 5.0
MEDIA = "http://media.example"
SAMPLES = Path(__file__).parents[1] / "samples"
SONGS = (
    Song("c1000000-0000-4000-8000-000000000001", "Low Tide", "ambient dub", "[Verse]\nSlow water", 61.5),
    Song("c1000000-0000-4000-8000-000000000002", "Low Tide", "ambient dub", "[Verse]\nSlow water", 64.0, "rain"),
)
STATES = get_args(State)
NOT_EVERYWHERE = {"type"}  # of a clip's metadata: some vendors leave it out
TASK = {"task_id", "action", "status", "fail_reason", "submit_time", "start_time", "finish_time", "progress", "data"}
CLIP_WORDS = {
    "running": "queued",
    "streaming": "streaming",
    "done": "complete",
    "failed": "error",
}  # a task that is queued shows no clips


def said(dialect: Dialect, state: State, **more: Any) -> Any:
    """The single fetch of a task that has been in this state since its birth."""
    return single(FakeTask("t-1", dialect, SONGS, states=((0.0, state),), **more), BORN, BORN + AGE, MEDIA)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("dialect", get_args(Dialect))
def test_a_body_is_the_same_after_a_journey_as_json(dialect: Dialect, state: State) -> None:
    body = said(dialect, state)
    assert json.loads(json.dumps(body, allow_nan=False)) == body


@pytest.mark.parametrize("dialect", ["new-api", "rix"])
@pytest.mark.parametrize(
    ("state", "word", "progress"),
    [
        ("queued", "SUBMITTED", "0%"),
        ("running", "IN_PROGRESS", "0%"),
        ("streaming", "IN_PROGRESS", "0%"),
        ("done", "SUCCESS", "100%"),
        ("failed", "FAILURE", "100%"),
    ],
)
def test_new_api_and_rix(dialect: Dialect, state: State, word: str, progress: str) -> None:
    body = said(dialect, state)
    task = body["data"]
    assert (body["code"], body["message"]) == ("success", "")
    assert set(task) - {"notify_hook"} == TASK
    assert (task["status"], task["progress"]) == (word, progress)
    assert task["submit_time"] == int(BORN)
    assert bool(task["finish_time"]) == (state in ("done", "failed"))
    assert bool(task["start_time"]) == (state != "queued")


def test_only_rix_has_a_hook_an_action_and_a_progress_of_its_own() -> None:
    rix = said("rix", "running", progress=((0, 30),))["data"]
    new_api = said("new-api", "running", progress=((0, 30),))["data"]
    assert (rix["notify_hook"], rix["action"], rix["progress"]) == ("", "MUSIC", "30%")
    assert ("notify_hook" in new_api, new_api["action"], new_api["progress"]) == (False, "", "0%")


@pytest.mark.parametrize("state", STATES)
def test_clips(state: State) -> None:
    clips = said("new-api", state)["data"]["data"]
    if state == "queued":
        assert clips is None
        return
    assert [clip["id"] for clip in clips] == [song.clip_id for song in SONGS]
    for clip, song in zip(clips, SONGS, strict=True):
        assert clip["status"] == CLIP_WORDS[state]
        assert clip["metadata"]["prompt"] == song.lyrics
        assert clip["metadata"]["duration"] == (song.duration if state == "done" else None)


@pytest.mark.parametrize(
    ("state", "end"),
    [("running", ""), ("streaming", "?audiopipe.suno.ai"), ("failed", "/None.mp3"), ("done", SONGS[0].clip_id)],
)
def test_the_audio_url_in_each_state_of_a_clip(state: State, end: str) -> None:
    url = said("new-api", state)["data"]["data"][0]["audio_url"]
    assert url.endswith(end)
    assert url.startswith(MEDIA) == (state != "running")


def test_the_original_service_says_the_clips_alone_and_no_progress() -> None:
    fake = FakeTask("t-1", "suno-api", SONGS)
    body = single(fake, BORN, BORN + AGE, MEDIA)
    task = batch([(fake, BORN)], BORN + AGE, MEDIA)["data"][0]
    assert body["data"] == task["data"]
    assert isinstance(body["data"], list)
    assert set(task) == TASK - {"progress"} | {"created_at", "updated_at"}
    assert task["created_at"] == "2026-03-02T09:40:00+00:00"


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("queued", "pending"),
        ("running", "processing"),
        ("streaming", "processing"),
        ("done", "completed"),
        ("failed", "failed"),
    ],
)
def test_goamz(state: State, word: str) -> None:
    body = said("goamz", state)
    assert (body["code"], body["message"]) == (200, "success")
    assert set(body["data"]) == {"task_id", "status", "input", "clips"}
    assert body["data"]["status"] == word
    assert "prompt" in json.loads(body["data"]["input"])
    if state in ("queued", "running"):
        assert body["data"]["clips"] is None
    else:
        assert list(body["data"]["clips"]) == [song.clip_id for song in SONGS]


@pytest.mark.parametrize(("state", "number"), [("running", 20), ("streaming", 20), ("done", 30), ("failed", 40)])
def test_items(state: State, number: int) -> None:
    inner = said("items", state)["data"]["data"]
    assert inner["code"] == 200
    assert inner["data"]["taskBatchId"] == "t-1"
    for item, song in zip(inner["data"]["items"], SONGS, strict=True):
        assert item["clipId"] == song.clip_id
        assert item["id"] != song.clip_id
        assert item["status"] == number
        assert bool(item["cld2AudioUrl"]) == (state != "running")


def test_a_stale_wrapper_around_a_task_that_says_success() -> None:
    wrapper = said("nested", "done")["data"]
    assert (wrapper["status"], wrapper["progress"], wrapper["finish_time"]) == ("IN_PROGRESS", "100%", 0)
    assert wrapper["data"]["status"] == "SUCCESS"
    assert len(wrapper["data"]["data"]) == len(SONGS)


def test_a_task_without_an_envelope() -> None:
    body = said("bare", "done")
    assert (body["task_id"], body["status"]) == ("t-1", "SUCCESS")
    assert "code" not in body


@pytest.mark.parametrize(
    ("state", "word"), [("queued", "submitted"), ("running", "processing"), ("done", "complete"), ("failed", "error")]
)
def test_code_1(state: State, word: str) -> None:
    body = said("code-1", state)
    assert body["code"] == 1
    assert (body["data"]["taskId"], body["data"]["status"]) == ("t-1", word)
    items = batch([(FakeTask("t-1", "code-1", SONGS, states=((0.0, state),)), BORN)], BORN + AGE, MEDIA)["data"]
    assert items == [{"code": 1, "message": "", "data": body["data"]}]


@pytest.mark.parametrize(("state", "known"), [("queued", False), ("running", False), ("done", True)])
def test_a_lyrics_task(state: State, known: bool) -> None:
    fake = FakeTask("t-1", "rix", text="[Verse]\nA lamp", title="Lamp", states=((0.0, state),))
    task = single(fake, BORN, BORN + AGE, MEDIA)["data"]
    lyrics = {"id": "t-1", "text": "[Verse]\nA lamp", "title": "Lamp", "status": "complete"}
    assert task["action"] == "LYRICS"
    assert task["data"] == (lyrics if known else None)


def test_one_good_song_in_a_failed_task() -> None:
    good = Song("c-good", state="done")
    bad = Song("c-bad", state="failed", reason="the model stumbled")
    fake = FakeTask("t-1", "new-api", (good, bad), states=((0.0, "failed"),), reason="one of two failed")
    task = single(fake, BORN, BORN + AGE, MEDIA)["data"]
    assert (task["status"], task["fail_reason"]) == ("FAILURE", "one of two failed")
    assert [clip["status"] for clip in task["data"]] == ["complete", "error"]
    assert task["data"][1]["metadata"]["error_message"] == "the model stumbled"


def test_an_unknown_status_is_shown_instead_of_ours() -> None:
    assert said("new-api", "running", word="MEDITATING")["data"]["status"] == "MEDITATING"


def test_a_batch_is_not_in_the_requests_order_and_null_when_nothing_is_known() -> None:
    fakes = [(FakeTask(name, songs=SONGS), BORN) for name in ("t-1", "t-2", "t-3")]
    assert [task["task_id"] for task in batch(fakes, BORN, MEDIA)["data"]] == ["t-3", "t-2", "t-1"]
    assert batch([], BORN, MEDIA)["data"] is None


def shape(real: Any, ours: Any, path: str = "") -> list[str]:
    """Where ours says something that the real body says otherwise, or not at all."""
    if isinstance(real, dict) and isinstance(ours, dict):
        strange = [f"{path}.{key} is not in the sample" for key in ours.keys() - real.keys() - NOT_EVERYWHERE]
        return strange + [
            each for key in ours.keys() & real.keys() for each in shape(real[key], ours[key], f"{path}.{key}")
        ]
    if isinstance(real, list) and isinstance(ours, list):
        return [each for one in ours[:1] for each in shape(real[0], one, f"{path}[]")] if real else []
    if real is None or ours is None or type(real) is type(ours):
        return []
    return [f"{path} is {type(ours).__name__}, not {type(real).__name__}"]


@pytest.mark.parametrize(
    ("sample", "fake", "many"),
    [
        ("deerapi-batch-music-running.json", FakeTask("t-1", "rix", SONGS, states=((0, "streaming"),)), True),
        ("rixapi-single-lyrics-done.json", FakeTask("t-1", "rix", text="A lamp", title="Lamp"), False),
        ("nengyongai-single-music-done.json", FakeTask("t-1", "goamz", SONGS), False),
        ("v-api-single-music-done.json", FakeTask("t-1", "new-api", SONGS), False),
    ],
)
def test_a_body_says_nothing_that_a_vendors_own_does_not(sample: str, fake: FakeTask, many: bool) -> None:
    ours = batch([(fake, BORN)], BORN + AGE, MEDIA) if many else single(fake, BORN, BORN + AGE, MEDIA)
    real = json.loads((SAMPLES / sample).read_text(encoding="utf-8"))
    for body in (real, ours):
        if fake.dialect == "goamz":
            body["data"]["clips"] = list(body["data"]["clips"].values())
    assert shape(real, ours) == []

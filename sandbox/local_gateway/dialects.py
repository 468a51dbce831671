"""Bodies of answers in each dialect, as real gateways send them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.local_gateway.fake_task import FakeTask, Song, State

Object = dict[str, Any]

_TASK_WORDS = {
    "new-api": ("SUBMITTED", "IN_PROGRESS", "IN_PROGRESS", "SUCCESS", "FAILURE"),
    "goamz": ("pending", "processing", "processing", "completed", "failed"),
    "code-1": ("submitted", "processing", "processing", "complete", "error"),
}
_CLIP_WORDS = ("submitted", "queued", "streaming", "complete", "error")
_ITEM_NUMBERS = (10, 20, 20, 30, 40)
_STATES: tuple[State, ...] = ("queued", "running", "streaming", "done", "failed")


def single(fake: FakeTask, born: float, now: float, media: str) -> Any:
    """The body of `GET /suno/fetch/{id}`."""
    task = _task(fake, born, now, media)
    match fake.dialect:
        case "suno-api":
            return {"code": "success", "message": "", "data": task["data"]}
        case "bare":
            return task
        case "goamz":
            return {"code": 200, "data": task, "message": "success"}
        case "code-1":
            return {"code": 1, "message": "success", "data": task}
    return {"code": "success", "message": "", "data": task}


def batch(fakes: Sequence[tuple[FakeTask, float]], now: float, media: str) -> Any:
    """The body of `POST /suno/fetch`, in an order unlike the request's; null if no task is known, as at new-api."""
    tasks = [
        {"code": 1, "message": "", "data": task} if fake.dialect == "code-1" else task
        for fake, born in reversed(fakes)
        for task in [_task(fake, born, now, media)]
    ]
    return {"code": "success", "message": "", "data": tasks or None}


def _task(fake: FakeTask, born: float, now: float, media: str) -> Object:
    age = now - born
    state = fake.state(age)
    if fake.dialect == "goamz":
        return _goamz(fake, state, media)
    if fake.dialect == "code-1":
        return _code_1(fake, state, media)
    finished = fake.since({"done", "failed"}) if state in ("done", "failed") else None
    started = fake.since({"running", "streaming", "done", "failed"})
    task: Object = {
        "task_id": fake.id,
        "action": "" if fake.dialect == "new-api" else "LYRICS" if fake.text is not None else "MUSIC",
        "status": fake.word or _word("new-api", state),
        "fail_reason": fake.reason if state == "failed" else "",
        "submit_time": int(born),
        "start_time": int(born + started) if started is not None and age >= started else 0,
        "finish_time": int(born + finished) if finished is not None else 0,
        "progress": _progress(fake, age, state),
        "data": _data(fake, state, media),
    }
    if fake.dialect == "rix":
        task["notify_hook"] = ""
    if fake.dialect == "suno-api":
        del task["progress"]
        task["created_at"] = task["updated_at"] = datetime.fromtimestamp(born, UTC).isoformat()
    if fake.dialect == "output":
        return task | {"data": None, "output": {"status": task["status"], "result": task["data"]}}
    if fake.dialect == "response":
        return _response(fake, state, media)
    if fake.dialect == "nested":
        return _nested(task, state)
    if fake.dialect == "items":
        task["data"] = {"code": 200, "data": {"taskBatchId": fake.id, "items": _items(fake, state, age, media)}}
    return task


def _word(dialect: str, state: State) -> str:
    return _TASK_WORDS[dialect][_STATES.index(state)]


def _progress(fake: FakeTask, age: float, state: State) -> str:
    percent = fake.percent(age)
    if fake.dialect == "rix" and percent is not None:
        return f"{percent}%"
    return "100%" if state in ("done", "failed") else "0%"


def _data(fake: FakeTask, state: State, media: str) -> Any:
    if fake.text is not None:
        if state != "done":
            return None
        return {"id": fake.id, "text": fake.text, "title": fake.title, "status": "complete"}
    if state == "queued" or not fake.songs:
        return None
    return [_clip(song, song.state or state, media) for song in fake.songs]


def _clip(song: Song, state: State, media: str) -> Object:
    return {
        "id": song.clip_id,
        "title": song.title,
        "status": _CLIP_WORDS[_STATES.index(state)],
        "metadata": {
            "tags": song.style or None,
            "prompt": song.lyrics,
            "gpt_description_prompt": None,
            "type": "gen",
            "duration": song.duration if state == "done" else None,
            "error_type": "generation_error" if state == "failed" else None,
            "error_message": song.reason or None,
            "audio_prompt_id": None,
            **song.asked_for,
        },
        "audio_url": audio_url(song, state, media),
        "image_url": image_url(song, media),
        "image_large_url": image_url(song, media),
        "video_url": song.video_url,
        "model_name": song.model or "chirp-v4-5",
        "major_model_version": "" if song.model else "v4.5",
    }


def audio_url(song: Song, state: State, media: str) -> str:
    if state == "streaming":
        return f"{media}/stream/{song.clip_id}?audiopipe.suno.ai"
    if state == "failed":
        return f"{media}/None.mp3"
    if state != "done":
        return ""
    return song.audio_url if song.audio_url is not None else f"{media}/audio/{song.clip_id}"


def image_url(song: Song, media: str) -> str:
    return song.image_url if song.image_url is not None else f"{media}/cover/{song.clip_id}.png"


def _nested(task: Object, state: State) -> Object:
    """The wrapper has stopped updating; the task inside it continues."""
    stale = {key: value for key, value in task.items() if key != "data"}
    if state != "queued":
        stale |= {"status": "IN_PROGRESS", "progress": "100%", "finish_time": 0}
    return stale | {"data": task}


def _goamz(fake: FakeTask, state: State, media: str) -> Object:
    asked_for = {
        "custom_mode": False,
        "gpt_description_prompt": "",
        "prompt": "",
        "title": "",
        "mv": "chirp-v4-5",
        "tags": "",
    }
    clips = {song.clip_id: _clip(song, song.state or state, media) for song in fake.songs}
    return {
        "task_id": fake.id,
        "status": fake.word or _word("goamz", state),
        "input": json.dumps(asked_for),
        "clips": clips if state in ("streaming", "done", "failed") else None,
    }


def _code_1(fake: FakeTask, state: State, media: str) -> Object:
    song = fake.songs[0] if fake.songs else None
    return {
        "taskId": fake.id,
        "status": fake.word or _word("code-1", state),
        "title": song.title if song else "",
        "audioUrl": audio_url(song, state, media) if song else "",
    }


def _response(fake: FakeTask, state: State, media: str) -> Object:
    """Camel case, songs without a state, and a separate address for the stream."""
    streaming, done = state == "streaming", state == "done"
    songs = [
        {
            "id": song.clip_id,
            "title": song.title,
            "tags": song.style,
            "prompt": song.lyrics,
            "modelName": "chirp-v4-5",
            "duration": song.duration if done else None,
            "audioUrl": audio_url(song, state, media) if done else "",
            "streamAudioUrl": audio_url(song, "streaming", media) if streaming else "",
            "imageUrl": image_url(song, media),
        }
        for song in fake.songs
    ]
    word = {"queued": "PENDING", "running": "PENDING", "streaming": "TEXT_SUCCESS", "failed": "GENERATE_AUDIO_FAILED"}
    return {
        "taskId": fake.id,
        "status": fake.word or word.get(state, "SUCCESS"),
        "response": {"sunoData": songs if streaming or done else None},
        "errorMessage": fake.reason if state == "failed" else None,
    }


def _items(fake: FakeTask, state: State, age: float, media: str) -> list[Object]:
    return [
        {
            "id": 880_000 + number,
            "clipId": song.clip_id,
            "title": song.title,
            "tags": song.style,
            "prompt": song.lyrics,
            "duration": str(song.duration),
            "progress": fake.percent(age) or 0,
            "progressMsg": song.reason,
            "status": _ITEM_NUMBERS[_STATES.index(song.state or state)],
            "cld2AudioUrl": audio_url(song, song.state or state, media),
            "cld2ImageUrl": image_url(song, media),
            "cld2VideoUrl": "",
        }
        for number, song in enumerate(fake.songs)
    ]

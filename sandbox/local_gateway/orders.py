"""The gateway's other half: it takes orders for money, and can misbehave in every way that was seen at real ones.

What was charged is counted apart from what was posted: a caller who left, or whose answer got lost, has paid as well.
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from sandbox.local_gateway.fake_task import FakeTask, Song, State

UNIT = 500_000  # quota in one unit of money
_OPEN_FIELDS = (
    "gpt_description_prompt", "prompt", "mv", "title", "tags", "continue_at", "task_id", "continue_clip_id",
    "make_instrumental",
)  # fmt: skip

Behaviour = Literal["good", "late", "never", "lost", "cut", "no id", "busy", "moved", "broke", "refuses"]
"""What becomes of an order: `late` after `delay`; `never` and `lost` (504) and `cut` and `no id` (200) are taken and
charged; `busy` (429), `moved` (307), `broke` (403) and `refuses` (400, in `words`) are not.
"""
CHARGED = frozenset({"good", "late", "never", "lost", "cut", "no id"})


@dataclass
class Post:
    """One POST of an order, whatever became of it."""

    path: str
    body: dict[str, Any]
    at: float
    behaviour: Behaviour
    task_id: str = ""


@dataclass
class Charge:
    at: float
    model: str
    quota: int
    task_id: str


@dataclass
class Orders:
    """`plan`: how the next orders are answered, one after the other; then all as `behaviour` says.

    `drops`: whether it passes on to Suno only the fields that open new-api knows. `credit`: of the key, in quota.
    `keeps_log`: whether `GET /api/log/token` shows rows.
    """

    clock: Callable[[], float]
    add: Callable[[FakeTask], None]
    behaviour: Behaviour = "good"
    plan: list[Behaviour] = field(default_factory=list)
    words: str = "Song Description contained artist name: Nobody"
    delay: float = 0.3  # seconds, of what is late
    fails: str = ""  # the reason why what is taken fails; empty: it does not
    takes: float = 12.0  # seconds from the order to its songs
    drops: bool = True
    keeps_log: bool = True
    song_price: float = 0.1
    lyrics_price: float = 0.01
    credit: float | None = None
    used: int = 0
    posts: list[Post] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)

    async def answer(self, incoming: web.Request, body: bytes) -> web.StreamResponse:
        """`POST /suno/submit/music` and `/lyrics`, and that of GoAmz."""
        try:
            asked = json.loads(body)
        except ValueError:
            return web.json_response({"code": "invalid_request", "message": "invalid body"}, status=400)
        lyrics = incoming.path.endswith("/lyrics")
        behaviour = self.plan.pop(0) if self.plan else self.behaviour
        post = Post(incoming.path, asked, self.clock(), behaviour)
        self.posts.append(post)
        if refusal := self._refusal(behaviour, asked, lyrics=lyrics):
            return refusal
        # From here on it is charged, whether the caller waits or not.
        taken = asyncio.create_task(self._take(post, lyrics=lyrics))
        return await self._respond(incoming, behaviour, await asyncio.shield(taken))

    def _refusal(self, behaviour: Behaviour, asked: Mapping[str, Any], *, lyrics: bool) -> web.Response | None:
        match behaviour:
            case "busy":
                said = {"code": "fail_to_fetch_task", "message": "当前分组上游负载已饱和，请稍后再试"}
                return web.json_response(said, status=429)
            case "moved":
                return web.Response(status=307, headers={"Location": "/suno/submit/music"})
            case "refuses":
                return web.json_response({"code": "fail_to_fetch_task", "message": self.words}, status=400)
        price = self._quota(lyrics=lyrics)
        if behaviour == "broke" or (self.credit is not None and self.credit < price):
            message = "用户额度不足, 剩余额度: ＄0.000000 (request id: 20261126201533)"
            error = {"message": message, "type": "new_api_error", "code": "insufficient_user_quota"}
            return web.json_response({"error": error}, status=403)
        if lyrics and not asked.get("prompt"):
            return web.json_response({"code": "invalid_request", "message": "prompt_empty", "data": None}, status=400)
        return None

    def _quota(self, *, lyrics: bool) -> int:
        return round((self.lyrics_price if lyrics else self.song_price) * UNIT)

    async def _take(self, post: Post, *, lyrics: bool) -> str:
        if post.behaviour == "late":
            await asyncio.sleep(self.delay)
        post.task_id = f"task_{uuid.uuid4().hex}"
        quota = self._quota(lyrics=lyrics)
        self.used += quota
        if self.credit is not None:
            self.credit -= quota
        self.charges.append(Charge(self.clock(), "suno_lyrics" if lyrics else "suno_music", quota, post.task_id))
        self.add(self._life(post, lyrics=lyrics))
        return post.task_id

    def _life(self, post: Post, *, lyrics: bool) -> FakeTask:
        last: State = "failed" if self.fails else "done"
        states: tuple[tuple[float, State], ...] = ((0.0, "queued"), (2.0, "running"), (self.takes, last))
        words = {name: post.body.get(name) for name in _OPEN_FIELDS} if self.drops else post.body
        title = str(words.get("title") or "").strip() or _title(words)
        if lyrics:
            text = f"[Verse]\n{words.get('prompt')}\nand the night goes on\n\n[Chorus]\nSing it, {title}"
            return FakeTask(post.task_id, text=text, title=title, states=((0.0, "queued"), (2.0, "done")))
        if self.fails:
            return FakeTask(post.task_id, states=states, reason=self.fails)
        style, text = str(words.get("tags") or "folk, warm"), str(words.get("prompt") or f"[Verse]\n{title}")
        songs = tuple(
            Song(
                str(uuid.uuid4()),
                title,
                style,
                text,
                duration=20.0 + 4 * number,
                sound=("dawn", "river")[number],
                model=str(words.get("mv") or ""),
                asked_for=_repeated(words),
            )
            for number in range(2)
        )
        return FakeTask(post.task_id, songs=songs, states=states)

    async def _respond(self, incoming: web.Request, behaviour: Behaviour, task_id: str) -> web.StreamResponse:
        match behaviour:
            case "never":
                await asyncio.sleep(3_600)
            case "lost":
                return web.Response(status=504, text="<html>504 Gateway Time-out</html>", content_type="text/html")
            case "no id":
                return web.json_response({"code": "success", "message": "", "data": None})
            case "cut" if incoming.transport:
                incoming.transport.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
                )
                await asyncio.sleep(0.01)
                incoming.transport.abort()
        return web.json_response({"code": "success", "message": "", "data": task_id})

    def account(self, path: str) -> web.Response | None:
        """The GETs that cost nothing; None: this is none of them."""
        match path:
            case "/api/pricing":
                prices = (("suno_music", self.song_price), ("suno_lyrics", self.lyrics_price))
                rows = [{"model_name": name, "quota_type": 1, "model_price": price} for name, price in prices]
                return web.json_response({"success": True, "data": rows, "group_ratio": {"default": 1}})
            case "/api/status":
                return web.json_response({"success": True, "data": {"quota_per_unit": UNIT}})
            case "/api/log/token":
                rows = [
                    {"created_at": int(each.at), "model_name": each.model, "quota": each.quota, "type": 2}
                    for each in reversed(self.charges if self.keeps_log else [])
                ]
                return web.json_response({"success": True, "message": "", "data": rows})
        return None

    def usage(self) -> dict[str, Any]:
        """Of the key, as `GET /api/usage/token/` has it."""
        unlimited = self.credit is None
        return {
            "object": "token_usage",
            "total_used": self.used,
            "total_available": -self.used if self.credit is None else self.credit,
            "total_granted": 0 if self.credit is None else self.credit + self.used,
            "unlimited_quota": unlimited,
            "model_limits": {},
            "model_limits_enabled": False,
            "expires_at": 0,
        }


def _repeated(words: Mapping[str, Any]) -> dict[str, Any]:
    """What Suno's description of a song tells of what it was asked for beside the usual."""
    metadata = words.get("metadata") or {}
    found = {name: words.get(name) for name in ("negative_tags", "task", "cover_clip_id")}
    found |= {name: metadata.get(name) for name in ("vocal_gender", "control_sliders")}
    return {name: value for name, value in found.items() if value}


def _title(words: Mapping[str, Any]) -> str:
    said = str(words.get("gpt_description_prompt") or words.get("prompt") or "Untitled").strip()
    return said.splitlines()[0][:40] if said else "Untitled"

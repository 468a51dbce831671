"""The submit API: it accepts orders and charges for them, and can misbehave in every way that real gateways do.

Charges are counted separately from requests: a caller that disconnected, or whose answer was lost, has paid as well.
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
"""The answer to an order: `late` after `delay`; `never`, `lost` (504), `cut` and `no id` (200) are accepted and
charged; `busy` (429), `moved` (307), `broke` (403) and `refuses` (400, with `words`) are not.
"""
Moment = Literal["arrived", "charged"]
CHARGED = frozenset({"good", "late", "never", "lost", "cut", "no id"})


@dataclass
class Post:
    """One POST of an order, whatever the answer."""

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
    """`plan`: behaviours for the next orders, one each; after those `behaviour` applies.

    `by_words`: the behaviour for orders with those words, before any plan; `ids`: the id of the first task with those
    words. `on_step` is called when an order has `arrived`, and when it is `charged`. `drops`: whether only the fields
    that open new-api knows are passed on to Suno. `credit`: of the key, in quota. `models`: what `GET /v1/models`
    lists. `keeps_log`: whether `GET /api/log/token` shows rows.
    """

    clock: Callable[[], float]
    add: Callable[[FakeTask], None]
    behaviour: Behaviour = "good"
    plan: list[Behaviour] = field(default_factory=list)
    by_words: Mapping[str, Behaviour] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    on_step: Callable[[Moment, "Post"], None] = lambda _moment, _post: None
    words: str = "Song Description contained artist name: Nobody"
    delay: float = 0.3  # seconds, for `late`
    fails: str = ""  # the reason why what is taken fails; empty: it does not
    takes: float = 12.0  # seconds from the order to its songs
    drops: bool = True
    keeps_log: bool = True
    models: tuple[str, ...] = ("gpt-5", "suno_music", "suno_lyrics")
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
        post = Post(incoming.path, asked, self.clock(), behaviour := self._behaviour(asked))
        self.posts.append(post)
        self.on_step("arrived", post)
        if refusal := self._refusal(behaviour, asked, lyrics=lyrics):
            return refusal
        # From here on it is charged, whether or not the caller waits.
        taken = asyncio.create_task(self._take(post, lyrics=lyrics))
        return await self._respond(incoming, behaviour, await asyncio.shield(taken))

    def _behaviour(self, asked: Mapping[str, Any]) -> Behaviour:
        if (words := _words(asked)) in self.by_words:
            return self.by_words[words]
        return self.plan.pop(0) if self.plan else self.behaviour

    def _new_id(self, words: str) -> str:
        """The one that was promised for these words, if it is not taken."""
        promised = self.ids.get(words, "")
        taken = promised in {charge.task_id for charge in self.charges}
        return promised if promised and not taken else f"task_{uuid.uuid4().hex}"

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
        post.task_id = self._new_id(_words(post.body))
        quota = self._quota(lyrics=lyrics)
        self.used += quota
        if self.credit is not None:
            self.credit -= quota
        self.charges.append(Charge(self.clock(), "suno_lyrics" if lyrics else "suno_music", quota, post.task_id))
        self.add(self._fake_task(post, lyrics=lyrics))
        self.on_step("charged", post)
        return post.task_id

    def _fake_task(self, post: Post, *, lyrics: bool) -> FakeTask:
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
            case "cut" if transport := incoming.transport:
                transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{")
                await asyncio.sleep(0.01)
                transport.abort()
        return web.json_response({"code": "success", "message": "", "data": task_id})

    def account(self, path: str) -> web.Response | None:
        """Answers GETs about prices and the usage log; None: another path."""
        match path:
            case "/api/pricing":
                prices = (("suno_music", self.song_price), ("suno_lyrics", self.lyrics_price))
                rows = [{"model_name": name, "quota_type": 1, "model_price": price} for name, price in prices]
                return web.json_response({"success": True, "data": rows, "group_ratio": {"default": 1}})
            case "/api/status":
                return web.json_response({"success": True, "data": {"quota_per_unit": UNIT}})
            case "/v1/models":
                return web.json_response({"object": "list", "data": [{"id": name} for name in self.models]})
            case "/api/log/token":
                rows = [
                    {"created_at": int(each.at), "model_name": each.model, "quota": each.quota, "type": 2}
                    for each in reversed(self.charges if self.keeps_log else [])
                ]
                return web.json_response({"success": True, "message": "", "data": rows})
        return None

    def usage(self) -> dict[str, Any]:
        """The key's usage, in the shape of `GET /api/usage/token/`."""
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


def _words(asked: Mapping[str, Any]) -> str:
    """By which an order is known, where the gateway is to treat it in its own way."""
    return str(asked.get("gpt_description_prompt") or asked.get("prompt") or "")


def _title(words: Mapping[str, Any]) -> str:
    said = str(words.get("gpt_description_prompt") or words.get("prompt") or "Untitled").strip()
    return said.splitlines()[0][:40] if said else "Untitled"

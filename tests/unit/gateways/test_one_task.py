"""Any answer to one id: the others are still requested, and the gateway is not reported as missing."""

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from bot.domain.task import Answer, Status
from bot.errors import GatewayBroken, GatewayError, GatewayMisplaced, GatewayRefused
from bot.gateways.decode import decode
from bot.gateways.gateway import Gateway
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.seen import refuses
from sandbox.local_gateway.server import Fault, LocalGateway

KEY = "sk-tests"
ROUTER = Fault(404, b'{"detail":"Not Found"}', path="/suno/v1/music/")
GOOD = [FakeTask(f"good-{number}", states=((0.0, "running"),)) for number in range(3)]
ANSWERS: Sequence[tuple[int, Any]] = [
    (404, {"detail": "Task not found"}),
    (404, {"detail": "Not Found"}),
    (404, {"message": "Nothing here for 7"}),
    (404, {"error": {"message": "Invalid URL"}}),
    (400, {"message": "what is that"}),
    (400, {"code": 4, "description": "任务不存在或已失效"}),
    (403, {"detail": "not for you"}),
    (401, {"detail": "not for you"}),
    (422, {"detail": [{"msg": "Input should be a valid UUID"}]}),
    (500, {"detail": "oops"}),
    (503, {"detail": "oops"}),
    (429, {}),
    (200, {"code": 500, "msg": "任务不存在", "data": None}),
    (200, {"florp": 1}),
    (200, "page"),
    (404, "page"),
    (302, "page"),
    (0, ""),
]


def _may_be_of_one(status: int, said: Any) -> bool:
    """Of several tasks together it is not believed."""
    about_all = said in ("page", {"detail": "Not Found"}, {"error": {"message": "Invalid URL"}})
    return status in (200, 400, 404, 422, 500) and not about_all


def body(said: Any) -> bytes:
    return b"<!doctype html><title>x</title>" if said == "page" else json.dumps(said).encode()


@pytest.fixture
def many(gateway: LocalGateway, session: aiohttp.ClientSession) -> Gateway:
    gateway.add(*GOOD)
    return Gateway("default", gateway.url, KEY, session, requests_per_second=1_000)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("status", "said"), ANSWERS)
async def test_without_a_batch_call_the_others_are_answered(
    many: Gateway, gateway: LocalGateway, status: int, said: Any, *, first: bool
) -> None:
    """Three bad ones come first, as after a restart: they have been due for longest."""
    gateway.batch = False
    gateway.faults.append(Fault(status, body(said), path="bad"))
    if not first:
        await many.fetch_many([GOOD[0].id])
    wanted = ["bad-1", "bad-2", "good-0", "good-1"]
    for _ in range(3):
        answer = await many.fetch_many(wanted)
        assert {*answer.tasks} == {"good-0", "good-1"}
        assert many.results.failure is None


@pytest.mark.parametrize(("status", "said"), [each for each in ANSWERS if _may_be_of_one(*each)])
async def test_with_a_batch_call_the_others_are_answered(
    many: Gateway, gateway: LocalGateway, status: int, said: Any
) -> None:
    """The whole batch is answered so as soon as the one is in it."""
    wanted = [fake.id for fake in GOOD]
    await many.fetch_many(wanted)
    gateway.poison_ids = {"bad-1": (status, body(said))}
    for _ in range(2):
        answer = await many.fetch_many([*wanted, "bad-1"])
        assert {*answer.tasks} == {*wanted}


@pytest.mark.parametrize(("status", "said"), [each for each in ANSWERS if each[0] in (200, 302, 401, 403, 404)])
async def test_one_id_alone_is_no_word_on_the_gateway(
    many: Gateway, gateway: LocalGateway, status: int, said: Any
) -> None:
    gateway.batch = False
    gateway.faults.append(Fault(status, body(said), path="bad"))
    outcome = (await asyncio.gather(many.fetch_many(["bad-1"]), return_exceptions=True))[0]
    assert not isinstance(outcome, GatewayMisplaced | GatewayRefused)
    assert isinstance(outcome, GatewayBroken) or (isinstance(outcome, Answer) and not outcome.tasks)


@pytest.mark.parametrize("wanted", [["bad-1"], ["bad-1", "bad-2"]])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(200, body("page")), GatewayMisplaced),
        (Fault(404, body({"detail": "Not Found"})), GatewayMisplaced),
        (refuses(401, "该令牌额度已用尽"), GatewayRefused),
        (refuses(403, "用户已被封禁"), GatewayRefused),
    ],
)
async def test_an_answer_given_to_every_id_counts(
    many: Gateway, gateway: LocalGateway, fault: Fault, error: type[GatewayError], wanted: list[str]
) -> None:
    gateway.faults.append(fault)
    with pytest.raises(error):
        await many.fetch_many(wanted)


async def test_different_answers_on_both_paths_mean_an_unknown_task(many: Gateway, gateway: LocalGateway) -> None:
    gateway.unknown = (404, {"detail": "Not Found"})
    assert (await many.fetch("bad-1")).missing == ("bad-1",)


async def test_unknown_as_404_is_unknown_where_another_task_is_known(many: Gateway, gateway: LocalGateway) -> None:
    """For somebody who waits, in a dialect that says it as a router would."""
    gateway.unknown = (404, {"detail": "Not Found"})
    gateway.faults.append(ROUTER)
    with pytest.raises(GatewayMisplaced):
        await many.fetch("bad-1")
    await many.fetch(GOOD[0].id)
    assert (await many.fetch("bad-1")).missing == ("bad-1",)
    gateway.forget(GOOD[0].id)
    with pytest.raises(GatewayMisplaced):
        await many.fetch("bad-1")


async def test_many_unknown_ids_first_do_not_hide_a_known_one(many: Gateway, gateway: LocalGateway) -> None:
    """Said as a router would, so that each by itself could mean that nothing is there."""
    gateway.batch = False
    gateway.unknown = (404, {"detail": "Not Found"})
    gateway.faults.append(ROUTER)
    wanted = [*(f"bad-{number}" for number in range(8)), "good-0"]
    for _ in range(3):
        try:
            answer = await many.fetch_many(wanted)
        except GatewayMisplaced:
            continue
        assert (list(answer.tasks), len(answer.missing)) == (["good-0"], 8)
        break
    else:
        pytest.fail("the known one was not asked for")


# Suno-API, whose single answers say less than its batch


async def test_null_is_asked_for_again_by_the_batch_call(many: Gateway, gateway: LocalGateway) -> None:
    failed = FakeTask("failed", "suno-api", states=((0.0, "failed"),), reason="time out")
    waiting = FakeTask("waiting", "suno-api", text="hum", states=((0.0, "queued"),))
    gateway.add(failed, waiting)
    answer = await many.fetch("failed")
    assert (answer.tasks["failed"].status, answer.tasks["failed"].reason) == (Status.FAILED, "time out")
    assert (await many.fetch("waiting")).tasks["waiting"].status is Status.WAITING
    assert [request.method for request in gateway.requests] == ["GET", "POST", "GET", "POST"]


async def test_songs_of_a_failed_task_are_asked_for_again_and_good_ones_are_not(
    many: Gateway, gateway: LocalGateway
) -> None:
    songs = (Song("s-1", state="streaming"), Song("s-2", state="failed", reason="florp"))
    gateway.add(
        FakeTask("failed", "suno-api", songs, states=((0.0, "failed"),)), FakeTask("done", "suno-api", songs[:1])
    )
    found = (await many.fetch("failed")).tasks["failed"]
    assert (found.status, found.raw_status) == (Status.FAILED, "FAILURE")
    gateway.add(FakeTask("done", "suno-api", (Song("s-3"),)))
    before = len(gateway.requests)
    assert (await many.fetch("done")).tasks["done"].playable
    assert len(gateway.requests) - before == 1


@pytest.mark.usefixtures("impatient")
async def test_null_is_unknown_where_the_batch_call_knows_no_more(many: Gateway, gateway: LocalGateway) -> None:
    gateway.unknown = (200, {"code": "success", "message": "", "data": None})
    assert (await many.fetch("bad-1")).missing == ("bad-1",)
    gateway.batch = False
    assert (await many.fetch("bad-1")).missing == ("bad-1",)
    gateway.faults.append(Fault(503, path="fetch$"))
    with pytest.raises(GatewayError):
        await many.fetch("bad-1")


# Keys, busy, large


async def test_key_usage_is_read(many: Gateway, gateway: LocalGateway) -> None:
    assert await many.usage() is None
    gateway.usage = {
        "expires_at": 1795746600, "model_limits": {f"with {KEY}": True, "suno_lyrics": True, "gpt": False},
        "model_limits_enabled": True, "name": "lim", "object": "token_usage", "total_available": 20000,
        "total_granted": 120000, "total_used": 100000, "unlimited_quota": False,
    }  # fmt: skip
    gateway.faults.append(refuses(401, "expired"))
    usage = await many.usage()
    assert usage
    assert (usage.used, usage.left, usage.expires_at) == (100_000, 20_000, 1795746600)
    assert usage.models == ("with [key]", "suno_lyrics")
    gateway.usage = {"total_available": -5, "total_used": 7, "expires_at": 0}
    usage = await many.usage()
    assert usage
    assert (usage.left, usage.expires_at, usage.models) == (None, None, None)
    gateway.usage = {"total_available": -5, "total_used": 7, "expires_at": 0, "unlimited_quota": False}
    usage = await many.usage()
    assert usage
    assert usage.left == -5, "it has spent more than it had"


async def test_a_large_answer_does_not_block_the_event_loop(
    many: Gateway, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def noted(*said: Any) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return decode(*said)

    monkeypatch.setattr("bot.gateways.gateway.decode", noted)
    await many.fetch("good-0")
    gateway.faults.append(Fault(200, change=lambda said: said + b" " * 200_000))
    assert (await many.fetch("good-0")).tasks
    assert threads == [True, False]

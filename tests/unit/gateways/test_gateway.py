"""The gateway client, against a gateway that answers, errs, stalls and redirects."""

import asyncio
import gzip
import json
import logging
import time

import aiohttp
import pytest

from bot.domain.task import Status
from bot.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayMisplaced, GatewayRefused, GatewayUnreachable
from bot.gateways import gateway as client
from bot.gateways import poison_ids
from bot.gateways.gateway import Gateway, normalise_base_url
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.server import Fault, LocalGateway
from tests.idle import wait_until_idle

KEY = "sk-tests"
RUNNING = FakeTask("task-1", states=((0.0, "running"),))


@pytest.fixture
def known(gateway: LocalGateway, session: aiohttp.ClientSession) -> Gateway:
    gateway.add(RUNNING)
    return Gateway("default", gateway.url, KEY, session)


async def test_one_task(known: Gateway, gateway: LocalGateway) -> None:
    answer = await known.fetch("task-1")
    assert answer.tasks["task-1"].status is Status.RUNNING
    request = gateway.requests[0]
    assert (request.method, request.path, request.headers["Authorization"]) == (
        "GET",
        "/suno/fetch/task-1",
        "Bearer sk-tests",
    )


async def test_the_path_of_a_goamz_gateway_is_remembered(known: Gateway, gateway: LocalGateway) -> None:
    gateway.single = "/suno/v1/music/"
    for _ in range(2):
        assert (await known.fetch("task-1")).tasks
    assert [request.path for request in gateway.requests] == [
        "/suno/fetch/task-1",
        "/suno/v1/music/task-1",
        "/suno/v1/music/task-1",
    ]
    gateway.single = "/suno/fetch/"
    assert (await known.fetch("task-1")).tasks


async def test_many_tasks_in_one_request(known: Gateway, gateway: LocalGateway) -> None:
    answer = await known.fetch_many(["task-1", "task-2"])
    assert (list(answer.tasks), answer.missing) == (["task-1"], ("task-2",))
    assert [(request.method, request.path) for request in gateway.requests] == [("POST", "/suno/fetch")]


@pytest.mark.parametrize(("count", "sent"), [(1, 1), (2, 10), (10, 10), (11, 100), (100, 100)])
async def test_batches_have_few_sizes(known: Gateway, gateway: LocalGateway, count: int, sent: int) -> None:
    wanted = [f"task-{number}" for number in range(1, count + 1)]
    answer = await known.fetch_many(wanted)
    assert (list(answer.tasks), set(answer.missing)) == (["task-1"], set(wanted[1:]))
    ids = json.loads(gateway.requests[0].body)["ids"]
    assert (len(ids), set(ids)) == (sent, set(wanted))


async def test_a_gateway_without_the_batch_call_is_asked_one_by_one_from_then_on(
    known: Gateway, gateway: LocalGateway
) -> None:
    gateway.batch = False
    for _ in range(2):
        answer = await known.fetch_many(["task-1", "task-2"])
        assert (list(answer.tasks), answer.missing) == (["task-1"], ("task-2",))
    methods = [request.method for request in gateway.requests]
    assert methods == ["POST", "GET", "GET", "GET", "GET"]


async def test_a_passing_fault_of_the_batch_call_is_not_taken_for_its_absence(
    known: Gateway, gateway: LocalGateway
) -> None:
    gateway.faults.append(Fault(500, path="fetch$", times=1))
    for _ in range(2):
        assert (await known.fetch_many(["task-1"])).tasks
    assert [request.method for request in gateway.requests] == ["POST", "GET", "POST"]


async def test_one_that_knew_the_batch_call_is_not_asked_one_by_one(known: Gateway, gateway: LocalGateway) -> None:
    await known.fetch_many(["task-1"])
    gateway.faults.append(Fault(404, b"<html>", path="fetch$"))
    with pytest.raises(GatewayMisplaced):
        await known.fetch_many(["task-1", "task-2"])
    assert [request.method for request in gateway.requests] == ["POST", "POST"]


def spoiled_by(*task_ids: str) -> Fault:
    """The answer for all is empty where one of these is among them, as new-api's for a row that is no JSON."""
    spoils = [f'"{task_id}"'.encode() for task_id in task_ids]
    kind = {"Content-Type": "application/json"}
    return Fault(200, change=lambda body: b"" if any(each in body for each in spoils) else body, headers=kind)


def running(count: int) -> list[FakeTask]:
    return [FakeTask(f"many-{number}", states=((0.0, "running"),)) for number in range(count)]


@pytest.mark.parametrize("numbers", [[0], [1], [498], [0, 1], [100, 400], [5, 255, 256, 300]])
async def test_a_row_that_is_not_written_out_is_left_out(
    gateway: LocalGateway, session: aiohttp.ClientSession, numbers: list[int]
) -> None:
    gateway.add(*running(499))
    wanted = [fake.id for fake in running(499)]
    bad = {wanted[number] for number in numbers}
    many = Gateway("default", gateway.url, KEY, session, requests_per_second=1_000)
    await many.fetch_many(wanted)
    gateway.faults.append(spoiled_by(*bad))
    for requests in (1 + 20 * len(bad), 1):
        before = len(gateway.requests)
        answer = await many.fetch_many([*wanted, "task-typo"])
        assert (set(wanted) - answer.tasks.keys(), answer.missing) == (bad, ("task-typo",))
        assert len(gateway.requests) - before <= requests, "found once"


async def test_the_remaining_tasks_are_recognised_by_their_bytes(known: Gateway, gateway: LocalGateway) -> None:
    gateway.add(*running(20))
    wanted = [*(fake.id for fake in running(20)), "task-1"]
    first = await known.fetch_many(wanted)
    assert first.digests.keys() == set(wanted)
    gateway.faults.append(spoiled_by("many-3"))
    answer = await known.fetch_many(wanted, {first.digests[each]: each for each in wanted[4:]})
    assert (set(answer.same), set(answer.digests)) == (set(wanted[4:]), set(wanted[:3]))


async def test_a_row_that_is_written_out_again_is_asked_for_with_the_others(
    known: Gateway, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poison_ids, "_RETRY_AFTER", 0.0)
    gateway.add(*running(3))
    wanted = [fake.id for fake in running(3)]
    await known.fetch_many(wanted)
    gateway.faults.append(spoiled_by("many-0"))
    for _ in range(2):
        assert list((await known.fetch_many(wanted)).tasks) == ["many-1", "many-2"]
    gateway.faults.clear()
    for requests in (2, 1):
        before = len(gateway.requests)
        assert (await known.fetch_many(wanted)).tasks.keys() == set(wanted)
        assert len(gateway.requests) - before == requests


async def test_a_gateway_that_is_broken_altogether_is_not_asked_often(known: Gateway, gateway: LocalGateway) -> None:
    wanted = [f"task-{number}" for number in range(1, 501)]
    await known.fetch_many(wanted)
    gateway.faults.append(Fault(500))
    for _ in range(3):
        before = len(gateway.requests)
        with pytest.raises(GatewayBroken):
            await known.fetch_many(wanted)
        assert len(gateway.requests) - before <= 4
    gateway.faults.clear()
    answer = await known.fetch_many(wanted)
    assert (list(answer.tasks), len(answer.missing)) == (["task-1"], 499)


async def test_one_by_one_too_a_row_that_is_not_written_out_stops_nobody(known: Gateway, gateway: LocalGateway) -> None:
    """Before it is known whether there is a batch call."""
    gateway.faults.append(Fault(200, path="task-0"))
    gateway.faults.append(Fault(200, path="fetch$"))
    answer = await known.fetch_many(["task-0", "task-1", "task-2"])
    assert (list(answer.tasks), answer.missing) == (["task-1"], ("task-2",))


@pytest.mark.parametrize(("status", "error"), [(500, GatewayBroken), (429, GatewayBusy), (401, GatewayRefused)])
async def test_a_gateway_that_errs_while_it_is_found_out_what_it_can_do_is_not_taken_for_none(
    known: Gateway, gateway: LocalGateway, status: int, error: type[GatewayError]
) -> None:
    gateway.batch = False
    gateway.faults.append(Fault(status, path="fetch/"))
    with pytest.raises(error):
        await known.fetch_many(["task-1"] * 3)
    gateway.faults.clear()
    assert (await known.fetch_many(["task-1"])).tasks


async def test_of_single_tasks_what_could_be_had_is_answered(known: Gateway, gateway: LocalGateway) -> None:
    gateway.batch = False
    await known.fetch_many(["task-1"])
    gateway.faults.append(Fault(500, path="task-2"))
    answer = await known.fetch_many(["task-1", "task-2"])
    assert (list(answer.tasks), answer.missing) == (["task-1"], ())
    gateway.faults.append(Fault(500))
    with pytest.raises(GatewayBroken):
        await known.fetch_many(["task-1", "task-2"])


async def test_no_more_requests_at_once_than_set(gateway: LocalGateway, session: aiohttp.ClientSession) -> None:
    """One of them is left for people, who do not wait behind the background loop."""
    gateway.batch = False
    gateway.add(RUNNING)
    gateway.faults.append(Fault(200, b"{}", delay=0.5, path="busy"))
    client = Gateway("default", gateway.url, KEY, session, requests_at_once=3)
    await client.fetch_many(["task-1"])
    before = len(gateway.requests)
    polling = asyncio.create_task(client.fetch_many([f"busy-{number}" for number in range(4)]))
    await wait_until_idle()
    assert len(gateway.requests) - before == 2
    assert (await client.fetch("task-1")).tasks
    assert len((await polling).missing) == 4


async def test_no_more_requests_a_second_than_set(gateway: LocalGateway, session: aiohttp.ClientSession) -> None:
    gateway.batch = False
    gateway.add(RUNNING)
    client = Gateway("default", gateway.url, KEY, session, requests_per_second=4)
    await client.fetch_many(["task-1"])
    before, since = len(gateway.requests), time.monotonic()
    polling = asyncio.create_task(client.fetch_many([f"other-{number}" for number in range(30)]))
    for _ in range(30):
        await asyncio.sleep(0.02)
        most = 4 * (1 + time.monotonic() - since)
        assert len(gateway.requests) - before <= most, "those of one second at once, then a fourth of a second apart"
    assert len(gateway.requests) > before
    polling.cancel()
    await asyncio.wait({polling})


async def test_an_id_cannot_leave_its_place_in_the_path(known: Gateway, gateway: LocalGateway) -> None:
    assert (await known.fetch("../a b/ü?x#y%2F")).missing == ("../a b/ü?x#y%2F",)
    assert gateway.requests[0].path == "/suno/fetch/..%2Fa%20b%2F%C3%BC%3Fx%23y%252F"


@pytest.mark.parametrize("task_id", ["", ".", ".."])
async def test_an_id_that_would_be_a_path_is_not_sent(known: Gateway, gateway: LocalGateway, task_id: str) -> None:
    with pytest.raises(ValueError, match="path"):
        await known.fetch(task_id)
    assert gateway.requests == []


async def test_without_a_key_none_is_sent(gateway: LocalGateway, session: aiohttp.ClientSession) -> None:
    gateway.key = None
    await Gateway("default", gateway.url, "", session).fetch("task-1")
    assert "Authorization" not in gateway.requests[0].headers


@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        (Fault(500), GatewayBroken, 3),
        (Fault(502, b"<html>"), GatewayBroken, 3),
        (Fault(200), GatewayBroken, 3),
        (Fault(200, b"<html>"), GatewayMisplaced, 2),  # at both of the paths that there are
        (Fault(429), GatewayBusy, 3),
        (Fault(503), GatewayBusy, 3),
        (Fault(401), GatewayRefused, 1),
        (Fault(0), GatewayUnreachable, 6),  # aiohttp asks again by itself when a connection is cut
        (Fault(404, b"not here"), GatewayMisplaced, 2),
        (Fault(200, b"\x1f\x8b broken", {"Content-Encoding": "gzip"}), GatewayUnreachable, 3),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_only_temporary_errors_are_retried(
    known: Gateway, gateway: LocalGateway, fault: Fault, error: type[GatewayError], requests: int
) -> None:
    gateway.faults.append(fault)
    with pytest.raises(error):
        await known.fetch("task-1")
    assert len(gateway.requests) == requests


@pytest.mark.usefixtures("impatient")
async def test_a_passing_fault_is_not_seen(known: Gateway, gateway: LocalGateway) -> None:
    gateway.faults.append(Fault(502, times=2))
    assert (await known.fetch("task-1")).tasks


async def test_retry_after_is_kept(known: Gateway, gateway: LocalGateway) -> None:
    gateway.faults.append(Fault(429, headers={"Retry-After": "1"}, times=1))
    assert (await known.fetch("task-1")).tasks
    first, second = gateway.requests
    assert second.at - first.at >= 1


@pytest.mark.parametrize("header", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
async def test_a_long_retry_after_is_reported_instead_of_waited_for(
    known: Gateway, gateway: LocalGateway, header: str
) -> None:
    gateway.faults.append(Fault(429, headers={"Retry-After": header}))
    with pytest.raises(GatewayBusy) as busy:
        await known.fetch("task-1")
    assert busy.value.retry_after is not None
    assert busy.value.retry_after >= 3600
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("header", ["soon", "-5", "", "Fri, 99 Foo 2100"])
@pytest.mark.usefixtures("impatient")
async def test_a_retry_after_that_cannot_be_read_is_none(known: Gateway, gateway: LocalGateway, header: str) -> None:
    gateway.faults.append(Fault(429, headers={"Retry-After": header}))
    with pytest.raises(GatewayBusy) as busy:
        await known.fetch("task-1")
    assert busy.value.retry_after is None


@pytest.mark.parametrize("header", ["99999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
@pytest.mark.usefixtures("impatient")
async def test_a_retry_after_without_end_is_a_day(known: Gateway, gateway: LocalGateway, header: str) -> None:
    gateway.faults.append(Fault(429, b"", {"Retry-After": header}))
    with pytest.raises(GatewayBusy) as busy:
        await known.fetch("task-1")
    assert busy.value.retry_after == 86_400.0


async def test_a_redirect_to_another_host_does_not_get_the_key(known: Gateway, gateway: LocalGateway) -> None:
    gateway.faults.append(Fault(302, headers={"Location": f"{gateway.media_url}/suno/fetch/task-1"}))
    with pytest.raises(GatewayMisplaced, match="another host"):
        await known.fetch("task-1")
    assert gateway.media_requests == []


async def test_a_redirect_on_the_same_host_is_followed_with_the_method(known: Gateway, gateway: LocalGateway) -> None:
    gateway.faults.append(Fault(307, headers={"Location": "/suno/fetch"}, times=1))
    assert (await known.fetch_many(["task-1"])).tasks
    assert [request.method for request in gateway.requests] == ["POST", "POST"]


async def test_a_circle_of_redirects_ends(known: Gateway, gateway: LocalGateway) -> None:
    gateway.faults.append(Fault(301, headers={"Location": "/suno/fetch/task-1"}))
    with pytest.raises(GatewayMisplaced, match="too many redirects"):
        await known.fetch("task-1")


@pytest.mark.usefixtures("impatient")
async def test_a_slow_gateway_is_given_up(
    known: Gateway, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    gateway.faults.append(Fault(200, b"{}", delay=0.5))
    with pytest.raises(GatewayUnreachable, match="in time"):
        await known.fetch("task-1")


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_stops_in_the_middle_is_given_up(
    known: Gateway, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    gateway.faults.append(Fault(200, b'{"code":"success","data":null}', stall_after=5))
    with pytest.raises(GatewayUnreachable):
        await known.fetch("task-1")


@pytest.mark.usefixtures("impatient")
async def test_a_refused_connection_and_an_unknown_host(session: aiohttp.ClientSession) -> None:
    for url in ("http://127.0.0.1:1", "http://no-such-host.invalid"):
        with pytest.raises(GatewayUnreachable):
            await Gateway("default", url, KEY, session).fetch("task-1")


@pytest.mark.usefixtures("impatient")
async def test_a_bomb_is_not_unpacked(known: Gateway, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_MAX_BODY", 1_000_000)
    bomb = gzip.compress(b" " * 50_000_000)
    gateway.faults.append(Fault(200, bomb, {"Content-Encoding": "gzip", "Content-Type": "application/json"}))
    with pytest.raises(GatewayBroken, match="more than"):
        await known.fetch("task-1")


async def test_the_log_and_the_errors_do_not_hold_the_key(
    known: Gateway, gateway: LocalGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await known.fetch("task-1")
    gateway.faults.append(Fault(401, b'{"error":{"message":"bad token sk-tests"}}'))
    with pytest.raises(GatewayRefused) as refusal:
        await known.fetch("task-1")
    assert KEY not in caplog.text + str(refusal.value) + repr(known)


async def test_a_key_that_the_gateway_repeats_goes_no_further(known: Gateway, gateway: LocalGateway) -> None:
    gateway.add(FakeTask("task-2", reason="upstream refused Bearer sk-tests", states=((0.0, "failed"),)))
    for answer in (await known.fetch("task-2"), await known.fetch_many(["task-2"])):
        assert answer.tasks["task-2"].reason == "upstream refused Bearer [key]"


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("https://gw.example", "https://gw.example"),
        (" https://GW.example/ ", "https://gw.example"),
        ("https://gw.example/v1", "https://gw.example"),
        ("https://gw.example/suno", "https://gw.example"),
        ("https://gw.example/suno/", "https://gw.example"),
        ("https://gw.example/v1/suno/fetch//", "https://gw.example"),
        ("https://gw.example/suno/fetch/task-1?x=1#y", "https://gw.example"),
        ("https://gw.example/suno/submit/music", "https://gw.example"),
        ("https://gw.example/relay/suno", "https://gw.example/relay"),
        ("https://gw.example/sunoapi", "https://gw.example/sunoapi"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/v1/", "http://[::1]:3000"),
    ],
)
def test_a_base_url_is_what_stands_before_the_calls(typed: str, base: str) -> None:
    assert normalise_base_url(typed) == base


@pytest.mark.parametrize("typed", ["", "gw.example", "ftp://gw.example", "https://", "https://x:99999", "https://a b"])
def test_an_invalid_address_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match="https://gateway"):
        normalise_base_url(typed)


def test_a_key_in_the_address_is_refused() -> None:
    with pytest.raises(ValueError, match="setting of its own"):
        normalise_base_url("https://user:sk-secret@gw.example")

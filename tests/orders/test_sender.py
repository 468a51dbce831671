"""Orders on their way: a real database, a gateway on a real socket, and a program that is stopped at any moment."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.allowance import Limits, Work
from bot.domain.order import Order, OrderState, SubmitResult
from bot.domain.song_request import RequestKind, SongOption, SongRequest
from bot.domain.watch import Watch
from bot.domain.watch_results import WatchQuery
from bot.errors import StorageError
from bot.gateways.submission import Dialect, Submission
from bot.gateways.submitter import Submitter
from bot.services.orders.sender import OrderSender
from bot.shutdown import insist
from bot.storage.order_upkeep import OrderUpkeep
from bot.storage.orders import OrderStore
from bot.storage.watches import WatchStore
from tests.clock import JumpingClock
from tests.idle import wait_until_idle

ADA = 1


@dataclass
class Open:
    is_open: bool = True
    can: frozenset[SongOption] = frozenset(SongOption)
    at_once: int = 2

    def is_open_beside(self, sending: Iterable[Work]) -> bool:
        del sending
        return self.is_open

    async def check_if_old(self) -> None:
        pass

    async def dialect(self) -> Dialect:
        return Dialect.RIX


class Gateway:
    """Answers each order with the next of `answers`; the last one stays. None: it says nothing."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = [answer(200, b'{"code":"success","data":"task_1"}')]
        self.taken = 0
        self.arrived = asyncio.Event()
        self.port = 0
        self.delay = 0.0  # seconds

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
            self.taken += 1
            self.arrived.set()
            said = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
            await asyncio.sleep(self.delay)
            if said is None:
                await reader.read()
            else:
                writer.write(said)
                await writer.drain()
        finally:
            writer.close()


def answer(status: int, body: bytes) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    made = Gateway()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


async def place(store: OrderStore, clock: JumpingClock, order_id: str = "o1", user_id: int = ADA) -> Order:
    order = Order(
        id=order_id,
        user_id=user_id,
        guild_id=5,
        channel_id=10,
        gateway="default",
        request=SongRequest(kind=RequestKind.DESCRIBE, description="rain", model="chirp-hawk"),
        created_at=clock.now(),
    )
    await store.draft(order)
    await store.place(order, Limits(), clock.now())
    return order


@asynccontextmanager
async def sending(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, terms: Open | None = None
) -> AsyncIterator[OrderSender]:
    async with Submitter("default", f"http://127.0.0.1:{gateway.port}", "") as submitter:
        sender = OrderSender(submitter, store, clock, terms=terms or Open(), changed=lambda _order: None)
        running = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            running.cancel()
            await asyncio.wait({running})


async def state_of(store: OrderStore, order_id: str = "o1") -> OrderState:
    order = await store.order(order_id)
    assert order
    return order.state


async def test_a_placed_order_is_sent_once_and_watched(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, engine: AsyncEngine
) -> None:
    await place(store, clock)
    async with sending(gateway, store, clock):
        await wait_until_idle()
        assert await state_of(store) is OrderState.ACCEPTED
        await clock.advance(3_600)
    assert gateway.taken == 1
    _, listed = await WatchStore(engine).listed(WatchQuery(user_id=ADA), limit=5)
    assert [(each.watch.task_id, each.watch.mentions, each.watch.live) for each in listed] == [
        ("task_1", ("<@1>",), True)
    ]


async def test_a_second_person_is_not_held_up_by_the_first(
    gateway: Gateway, store: OrderStore, clock: JumpingClock
) -> None:
    for order_id, person in (("o1", ADA), ("o2", ADA), ("o3", 2)):
        await place(store, clock, order_id, person)
    gateway.answers = [answer(200, f'{{"data":"task_{n}"}}'.encode()) for n in range(3)]
    async with sending(gateway, store, clock):
        await wait_until_idle()
        states = [await state_of(store, each) for each in ("o1", "o2", "o3")]
    assert states == [OrderState.ACCEPTED, OrderState.PLACED, OrderState.ACCEPTED]


async def test_an_order_without_an_answer_does_not_hold_up_the_next(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.orders.sender._LAST_WAIT", 0.1)
    for number in range(3):
        await place(store, clock, f"o{number}", user_id=number)
    gateway.answers = [None, answer(200, b'{"data":"task_1"}'), answer(200, b'{"data":"task_2"}')]
    async with sending(gateway, store, clock, Open(at_once=3)):
        await wait_until_idle()
        states = [await state_of(store, each) for each in ("o0", "o1", "o2")]
    assert states == [OrderState.SENDING, OrderState.ACCEPTED, OrderState.ACCEPTED]


async def test_after_an_unsure_order_others_are_risked_one_at_a_time(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.orders.sender._LAST_WAIT", 0.1)
    gateway.answers = [answer(504, b"")]
    await place(store, clock, "o0")
    async with sending(gateway, store, clock, Open(at_once=5)) as sender:
        await wait_until_idle()
        assert await state_of(store, "o0") is OrderState.UNSURE
        gateway.answers = [None]
        for number in range(1, 4):
            await place(store, clock, f"o{number}", user_id=number)
        sender.wake()
        await wait_until_idle()
        assert gateway.taken == 2, "the gateway may charge for what it does not answer"


async def test_what_a_failing_database_left_in_sending_is_unsure(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that took place and is then reported as failed: nobody can know whether the order left."""
    begin = OrderStore.begin

    async def begin_badly(self: OrderStore, gateway: str, now: float, *, at_once: int) -> None:
        monkeypatch.setattr(OrderStore, "begin", begin)
        await begin(self, gateway, now, at_once=at_once)
        raise StorageError("disk I/O error")

    monkeypatch.setattr(OrderStore, "begin", begin_badly)
    await place(store, clock)
    async with sending(gateway, store, clock):
        await clock.advance(120, step=5)
        assert await state_of(store) is OrderState.UNSURE
    assert gateway.taken == 0


async def test_a_full_gateway_is_asked_again_later_and_then_no_more(
    gateway: Gateway, store: OrderStore, clock: JumpingClock
) -> None:
    gateway.answers = [answer(429, b"{}")]
    await place(store, clock)
    async with sending(gateway, store, clock):
        await wait_until_idle()
        assert await state_of(store) is OrderState.PLACED
        await clock.advance(600, step=5)
    assert gateway.taken == 3
    assert await state_of(store) is OrderState.REFUSED
    assert (await store.usage(ADA, 5, Work.SONG, clock.now())).person == 0


async def test_a_cut_answer_is_never_followed_by_a_second_order(
    gateway: Gateway, store: OrderStore, clock: JumpingClock
) -> None:
    gateway.answers = [answer(200, b"")[:-10]]
    await place(store, clock)
    async with sending(gateway, store, clock):
        await wait_until_idle()
        await clock.advance(3_600)
    assert gateway.taken == 1
    assert await state_of(store) is OrderState.UNSURE


async def test_a_stop_waits_for_an_answer_that_comes_soon(
    gateway: Gateway, store: OrderStore, clock: JumpingClock
) -> None:
    late, arrived = asyncio.Event(), asyncio.Event()
    serve = gateway.serve

    async def serve_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await late.wait()
        await serve(reader, writer)

    server = await asyncio.start_server(serve_late, "127.0.0.1", 0)
    gateway.port = server.sockets[0].getsockname()[1]
    await place(store, clock)
    async with sending(gateway, store, clock):
        await arrived.wait()
        assert await state_of(store) is OrderState.SENDING
        asyncio.get_running_loop().call_later(0.2, late.set)
    server.close()
    assert gateway.taken == 1
    assert await state_of(store) is OrderState.ACCEPTED


async def test_a_stop_leaves_an_unanswered_order_unsure_and_the_next_start_does_not_send_it(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.orders.sender._LAST_WAIT", 0.1)
    gateway.answers = [None]
    await place(store, clock)
    async with sending(gateway, store, clock):
        await gateway.arrived.wait()
    assert await state_of(store) is OrderState.UNSURE
    await OrderUpkeep(engine).resume(clock.now())
    async with sending(gateway, store, clock):
        await wait_until_idle()
        await clock.advance(600)
    assert gateway.taken == 1


async def test_a_stop_that_insists_waits_as_long(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program cancels again, every second, what goes on after it was cancelled."""
    monkeypatch.setattr("bot.shutdown._INTERVAL", 0.02)
    gateway.delay = 0.3
    await place(store, clock)
    async with Submitter("default", f"http://127.0.0.1:{gateway.port}", "") as submitter:
        sender = OrderSender(submitter, store, clock, terms=Open(), changed=lambda _order: None)
        running = asyncio.create_task(sender.run())
        await gateway.arrived.wait()
        await insist(running)
    assert gateway.taken == 1
    assert await state_of(store) is OrderState.ACCEPTED


async def test_a_stop_while_the_database_is_full_ends_and_the_log_has_the_tasks_id(
    gateway: Gateway,
    store: OrderStore,
    clock: JumpingClock,
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def full(*_: object) -> bool:
        raise StorageError("database or disk is full")

    monkeypatch.setattr(OrderStore, "accept", full)
    await place(store, clock)
    async with asyncio.timeout(5), sending(gateway, store, clock):
        await gateway.arrived.wait()
        await wait_until_idle()
    assert "taken as task_1" in caplog.text
    await OrderUpkeep(engine).resume(clock.now())
    assert await state_of(store) is OrderState.UNSURE
    assert gateway.taken == 1


async def test_an_answer_is_stored_as_soon_as_the_database_has_room_again(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt is even stored, and said to have failed."""
    accept = OrderStore.accept

    async def accept_badly(self: OrderStore, order: Order, watch: Watch, came_from: OrderState, now: float) -> bool:
        monkeypatch.setattr(OrderStore, "accept", accept)
        await accept(self, order, watch, came_from, now)
        raise StorageError("disk I/O error")

    monkeypatch.setattr(OrderStore, "accept", accept_badly)
    await place(store, clock)
    async with sending(gateway, store, clock):
        await clock.advance(60, step=5)
        assert await state_of(store) is OrderState.ACCEPTED
    assert gateway.taken == 1


async def test_a_task_that_was_made_for_another_order_is_not_what_this_one_paid_for(
    gateway: Gateway, store: OrderStore, clock: JumpingClock
) -> None:
    for number in range(2):
        await place(store, clock, f"o{number}", user_id=number)
    async with sending(gateway, store, clock):
        await wait_until_idle()
    orders = [await store.order(f"o{number}") for number in range(2)]
    assert sorted(each.state for each in orders if each) == [OrderState.ACCEPTED, OrderState.UNSURE]
    (unsure,) = [each for each in orders if each and each.state is OrderState.UNSURE]
    assert "task_1" in unsure.detail, "who settles it is told which"
    assert gateway.taken == 2


async def test_an_unexpected_error_leaves_one_order_unsure_and_the_others_alone(
    gateway: Gateway, store: OrderStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = Submitter.submit

    async def submit_badly(self: Submitter, submission: Submission, *, time_limit: float) -> SubmitResult:
        monkeypatch.setattr(Submitter, "submit", submit)
        await submit(self, submission, time_limit=time_limit)
        raise RuntimeError("something that nobody thought of")

    monkeypatch.setattr(Submitter, "submit", submit_badly)
    gateway.answers = [answer(200, f'{{"data":"task_{n}"}}'.encode()) for n in range(2)]
    for number in range(2):
        await place(store, clock, f"o{number}", user_id=number)
    async with sending(gateway, store, clock):
        await wait_until_idle()
        states = [await state_of(store, f"o{number}") for number in range(2)]
    assert states == [OrderState.UNSURE, OrderState.ACCEPTED]
    assert gateway.taken == 2


async def test_while_creation_is_closed_orders_wait(gateway: Gateway, store: OrderStore, clock: JumpingClock) -> None:
    await place(store, clock)
    terms = Open(is_open=False)
    async with sending(gateway, store, clock, terms) as sender:
        await wait_until_idle()
        assert gateway.taken == 0
        terms.is_open = True
        sender.wake()
        await wait_until_idle()
        assert gateway.taken == 1

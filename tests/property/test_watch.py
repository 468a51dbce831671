"""Watches with any answers in any order."""

from collections.abc import Sequence
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.delivery import Delivery, Topic, delivery_id
from bot.domain.id_forms import MAX_LENGTH
from bot.domain.snapshot import MAX_POLL_INTERVAL, PollSchedule, TaskSnapshot, missed, next_poll_at, seen
from bot.domain.task import Clip, Lyrics, Status, Task, TaskKind
from bot.domain.watch import LYRICS_WAIT, MAX_WATCH_TIME, Watch, advance

BORN = 1_000_000.0
INTERVAL = 5.0

statuses = st.sampled_from(Status)
clips = st.builds(
    Clip,
    id=st.sampled_from(["a", "b", "c"]),
    status=statuses,
    audio_url=st.sampled_from(["", "https://media.example/a.mp3"]),
)
lyrics_made = st.none() | st.builds(Lyrics, text=st.text(max_size=5))
tasks = st.builds(
    Task,
    id=st.just("task"),
    kind=st.sampled_from(TaskKind),
    status=statuses,
    progress=st.none() | st.floats(0, 100),
    clips=st.lists(clips, max_size=4).map(tuple),
    lyrics=lyrics_made,
)
answers = st.lists(st.tuples(st.none() | tasks, st.floats(0.1, 4_000)), max_size=12)
new_watches = st.builds(
    Watch,
    id=st.integers(1, 9),
    task_id=st.just("task"),
    user_id=st.just(1),
    channel_id=st.just(2),
    lyrics_id=st.sampled_from(["", "words"]),
    live=st.booleans(),
    created_at=st.just(BORN),
)


def follow(
    watch: Watch, answers: Sequence[tuple[Task | None, float]]
) -> tuple[Watch, TaskSnapshot, float, list[Delivery]]:
    """All of its steps, each answer some seconds after the one before."""
    snapshot, now, claimed = TaskSnapshot(task_id="task"), BORN, list[Delivery]()
    for (task, _), now in zip(answers, accumulate((gap for _, gap in answers), initial=BORN), strict=False):
        snapshot = seen(snapshot, task, "default", now) if task else missed(snapshot, now)
        step = advance(watch, snapshot, now)
        watch = step.watch
        claimed += step.deliveries
    return watch, snapshot, now, claimed


@given(new_watches, answers)
def test_a_clip_is_delivered_at_most_once(watched: Watch, answers: list[tuple[Task | None, float]]) -> None:
    _, _, _, claimed = follow(watched, answers)
    delivered = [key for delivery in claimed if delivery.topic is Topic.SONGS for key in delivery.clips]
    assert len(delivered) == len(set(delivered))
    assert len({delivery.id for delivery in claimed}) == len(claimed)


@given(new_watches, answers, tasks | st.none())
def test_every_watch_ends_and_has_a_next_poll_until_then(
    watched: Watch, answers: list[tuple[Task | None, float]], last: Task | None
) -> None:
    watch, snapshot, now, _ = follow(watched, answers)
    while not watch.outcome:
        due = next_poll_at(snapshot, now, PollSchedule(INTERVAL))
        assert now < due <= now + MAX_POLL_INTERVAL
        now = due
        snapshot = seen(snapshot, last, "default", now) if last else missed(snapshot, now)
        watch = advance(watch, snapshot, now).watch
        assert now < BORN + MAX_WATCH_TIME + 60_000


@given(new_watches, answers, tasks)
def test_every_song_that_arrived_is_delivered(
    watched: Watch, answers: list[tuple[Task | None, float]], task: Task
) -> None:
    """A final task delivers each of its songs that did not fail, also when they finished at different times."""
    done = Task(id="task", kind=task.kind, status=Status.DONE, clips=task.clips, lyrics=task.lyrics)
    watch, snapshot, now, claimed = follow(watched, answers)
    if watch.outcome:
        return
    for later in (now + 1, now + 2 + LYRICS_WAIT):
        snapshot = seen(snapshot, done, "default", later)
        step = advance(watch, snapshot, later)
        watch, claimed = step.watch, [*claimed, *step.deliveries]
    assert watch.outcome
    arrived = {key for key, clip in done.keyed() if clip.status is not Status.FAILED}
    assert arrived <= {key for delivery in claimed for key in delivery.clips}
    assert claimed, "every watch that ends delivers something"


@given(new_watches, answers)
def test_an_ended_watch_creates_no_more_deliveries(watched: Watch, answers: list[tuple[Task | None, float]]) -> None:
    watch, snapshot, now, _ = follow(watched, answers)
    if watch.outcome:
        assert advance(watch, snapshot, now + 1e6).deliveries == ()


@given(st.integers(1, 10**9), st.floats(0, 1e10), st.sampled_from(Topic), st.lists(st.text(), max_size=5).map(tuple))
def test_a_delivery_id_is_a_nonce_and_fits_into_a_button(
    watch_id: int, since: float, topic: Topic, keys: tuple[str, ...]
) -> None:
    identity = delivery_id(watch_id, since, topic, keys)
    assert len(identity) == 12
    assert len(f"s1:dt:{identity}:{'x' * MAX_LENGTH}") <= 100

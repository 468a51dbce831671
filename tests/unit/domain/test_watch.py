"""The steps of a watch, one by one."""

from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain.delivery import AUDIO_WAIT, Topic, audio_retry_delay, retry_delay
from bot.domain.snapshot import MAX_POLL_INTERVAL, PollSchedule, TaskSnapshot, missed, next_poll_at, seen, unchanged_for
from bot.domain.task import Clip, Lyrics, Status, Task, TaskKind
from bot.domain.update_cycle import UpdateCycle
from bot.domain.watch import GRACE, LYRICS_WAIT, MAX_UNCHANGED, QUIET_AFTER, Step, Watch, WatchOutcome, advance

NOW = 1_000_000.0
URL = "https://media.example/a.mp3"


def watch(**fields: Any) -> Watch:
    values: dict[str, Any] = {"id": 1, "task_id": "t", "user_id": 1, "channel_id": 2, "created_at": NOW}
    return Watch(**(values | fields))


def clip(key: str, status: Status = Status.DONE, **fields: Any) -> Clip:
    return Clip(id=key, status=status, audio_url=URL if status is Status.DONE else "", **fields)


def task(status: Status, *clips: Clip, **fields: Any) -> Task:
    return Task(**({"id": "t", "kind": TaskKind.MUSIC, "status": status, "clips": clips} | fields))


def polled(at: Task, now: float = NOW) -> TaskSnapshot:
    return seen(TaskSnapshot(task_id="t"), at, "default", now)


def topics(step: Step) -> list[tuple[Topic, tuple[str, ...]]]:
    return [(delivery.topic, delivery.clips) for delivery in step.deliveries]


def test_a_finished_task_delivers_its_songs_together_and_ends() -> None:
    step = advance(watch(), polled(task(Status.DONE, clip("a"), clip("b"))), NOW)
    assert topics(step) == [(Topic.SONGS, ("a", "b"))]
    assert step.watch.outcome is WatchOutcome.DELIVERED


def test_songs_that_finish_at_different_times_are_delivered_separately() -> None:
    first = advance(watch(), polled(task(Status.RUNNING, clip("a"), clip("b", Status.RUNNING))), NOW)
    assert topics(first) == [(Topic.SONGS, ("a",))]
    assert not first.watch.outcome
    second = advance(first.watch, polled(task(Status.DONE, clip("a"), clip("b"))), NOW + 5)
    assert topics(second) == [(Topic.SONGS, ("b",))]
    assert second.watch.outcome is WatchOutcome.DELIVERED


def test_a_song_that_streams_is_not_finished() -> None:
    streaming = Clip(id="a", status=Status.RUNNING, audio_url=URL)
    assert topics(advance(watch(), polled(task(Status.RUNNING, streaming)), NOW)) == []


def test_a_failure_is_reported() -> None:
    step = advance(watch(), polled(task(Status.FAILED, reason="no credits")), NOW)
    assert topics(step) == [(Topic.FAILED, ())]
    assert step.watch.outcome is WatchOutcome.FAILED


def test_a_failed_task_with_a_finished_song_delivers_it() -> None:
    step = advance(watch(), polled(task(Status.FAILED, clip("a"), clip("b", Status.FAILED))), NOW)
    assert topics(step) == [(Topic.SONGS, ("a",))]
    assert step.watch.outcome is WatchOutcome.DELIVERED


def test_songs_that_a_failed_task_left_unfinished_are_not_waited_for() -> None:
    step = advance(watch(), polled(task(Status.FAILED, clip("a", Status.RUNNING), clip("b", Status.WAITING))), NOW)
    assert topics(step) == [(Topic.FAILED, ())]
    assert step.watch.outcome is WatchOutcome.FAILED


def test_a_song_that_fails_after_its_sibling_was_delivered_is_reported() -> None:
    first = advance(watch(), polled(task(Status.RUNNING, clip("a"), clip("b", Status.RUNNING))), NOW)
    second = advance(first.watch, polled(task(Status.DONE, clip("a"), clip("b", Status.FAILED))), NOW + 5)
    assert topics(second) == [(Topic.FAILED, ())]


def test_a_finished_task_without_songs_is_left_to_the_sender() -> None:
    assert topics(advance(watch(), polled(task(Status.DONE)), NOW)) == [(Topic.SONGS, ())]


def test_lyrics_are_delivered() -> None:
    words = task(Status.DONE, kind=TaskKind.LYRICS, lyrics=Lyrics(text="la"))
    assert topics(advance(watch(), polled(words), NOW)) == [(Topic.LYRICS, ())]


def test_a_song_waits_a_little_for_the_lyrics_that_were_asked_for() -> None:
    with_lyrics, songs = watch(lyrics_id="w"), polled(task(Status.DONE, clip("a")))
    words = TaskSnapshot(task_id="w", task=task(Status.RUNNING))
    waiting = advance(with_lyrics, songs, NOW + 1, words)
    assert (topics(waiting), waiting.watch.outcome) == ([], WatchOutcome.NONE)
    there = advance(with_lyrics, songs, NOW + 2, replace(words, task=task(Status.DONE, lyrics=Lyrics(text="la"))))
    assert topics(there) == [(Topic.SONGS, ("a",))]
    late = advance(with_lyrics, songs, NOW + LYRICS_WAIT, words)
    assert topics(late) == [(Topic.SONGS, ("a",))]


def test_a_fresh_id_may_be_unknown_for_a_while() -> None:
    snapshot = TaskSnapshot(task_id="t")
    for seconds in (0, 1, 2, 3, GRACE - 1):
        snapshot = missed(snapshot, NOW + seconds)
        assert topics(advance(watch(), snapshot, NOW + seconds)) == []
    snapshot = missed(snapshot, NOW + GRACE)
    step = advance(watch(), snapshot, NOW + GRACE)
    assert topics(step) == [(Topic.UNKNOWN, ())]
    assert step.watch.outcome is WatchOutcome.UNKNOWN


def test_one_answer_after_a_long_outage_does_not_make_an_id_unknown() -> None:
    snapshot = missed(missed(TaskSnapshot(task_id="t"), NOW), NOW + 10 * GRACE)
    assert topics(advance(watch(), snapshot, NOW + 10 * GRACE)) == []


def test_a_task_that_a_gateway_loses_for_a_moment_is_not_unknown() -> None:
    snapshot = polled(task(Status.RUNNING))
    for seconds in (5, 10, GRACE, 2 * GRACE):
        snapshot = missed(snapshot, NOW + seconds)
    assert topics(advance(watch(), snapshot, NOW + 2 * GRACE)) == []


def test_a_quiet_task_is_announced_once() -> None:
    snapshot = polled(task(Status.RUNNING))
    step = advance(watch(), snapshot, NOW + QUIET_AFTER)
    assert topics(step) == [(Topic.QUIET, ())]
    assert topics(advance(step.watch, snapshot, NOW + QUIET_AFTER + 60)) == []


def test_a_watch_without_changes_expires_with_a_notice() -> None:
    step = advance(watch(quiet_announced=True), polled(task(Status.RUNNING)), NOW + MAX_UNCHANGED)
    assert topics(step) == [(Topic.EXPIRED, ())]
    assert step.watch.outcome is WatchOutcome.EXPIRED


def test_outages_do_not_count_as_idle_time() -> None:
    snapshot = polled(task(Status.RUNNING))
    after = seen(snapshot, task(Status.RUNNING), "default", NOW + 2 * MAX_UNCHANGED)
    assert unchanged_for(after, NOW + 2 * MAX_UNCHANGED) == 2 * MAX_POLL_INTERVAL
    assert topics(advance(watch(), after, NOW + 2 * MAX_UNCHANGED)) == []


def test_an_address_that_is_signed_anew_is_no_change() -> None:
    def at(url: str) -> Task:
        return task(Status.RUNNING, Clip(id="a", status=Status.RUNNING, audio_url=url))

    snapshot = seen(polled(at("https://a?1")), at("https://a?2"), "default", NOW + 60)
    assert snapshot.changed_at == NOW


def test_a_live_card_is_sent_once_and_never_for_a_finished_task() -> None:
    step = advance(watch(live=True), polled(task(Status.WAITING)), NOW)
    assert topics(step) == [(Topic.LIVE, ())]
    assert topics(advance(step.watch, polled(task(Status.RUNNING)), NOW + 5)) == []
    assert topics(advance(watch(live=True), polled(task(Status.DONE, clip("a"))), NOW)) == [(Topic.SONGS, ("a",))]


@pytest.mark.parametrize(("unchanged", "rest"), [(0, 5), (290, 5), (600, 10), (3_600, 60), (86_400, 300)])
def test_polls_become_rare_while_nothing_changes(unchanged: float, rest: float) -> None:
    assert next_poll_at(polled(task(Status.RUNNING)), NOW + unchanged, PollSchedule(5.0)) == NOW + unchanged + rest


def test_a_queued_task_is_polled_less_often() -> None:
    queued = polled(task(Status.WAITING))
    assert next_poll_at(queued, NOW, PollSchedule(5.0)) >= NOW + 20
    assert next_poll_at(queued, NOW + 3_600, PollSchedule(5.0)) == NOW + 3_600 + 60
    assert next_poll_at(replace(queued, live=True), NOW, PollSchedule(5.0)) == NOW + 5, "somebody looks on"


@pytest.mark.parametrize(("early", "soonest"), [(0.8, 16.0), (0.4, 22.0)])
def test_a_queued_task_skips_updates_that_come_too_soon(early: float, soonest: float) -> None:
    cycle = UpdateCycle(at=NOW, period=15.0, doubt=0.1)
    queued = polled(task(Status.WAITING))
    due = [
        next_poll_at(queued, NOW + asked, PollSchedule(5.0, cycle, early=early)) - NOW - asked for asked in range(15)
    ]
    assert soonest <= min(due) <= soonest + 2
    assert max(due) <= soonest + 17
    assert next_poll_at(replace(queued, live=True), NOW + 1, PollSchedule(5.0, cycle, early=early)) <= NOW + 16


def test_retry_delays_grow_and_audio_is_retried_within_its_time() -> None:
    backoffs = [retry_delay(attempts) for attempts in range(1, 15)]
    assert backoffs == sorted(backoffs)
    assert (backoffs[0], backoffs[-1]) == (5.0, 3_600.0)
    waited, polls = 0.0, 0
    while waited < AUDIO_WAIT:
        waited += audio_retry_delay(waited)
        polls += 1
    assert 10 < polls < 30


def test_clips_with_the_same_id_are_told_apart() -> None:
    twins = task(Status.DONE, clip("a"), clip("a"))
    assert [key for key, _ in twins.keyed()] == ["a", "a#2"]
    assert topics(advance(watch(), polled(twins), NOW)) == [(Topic.SONGS, ("a", "a#2"))]

"""Decisions about a message that Discord refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.domain.delivery import MAX_ATTEMPTS, State, Topic
from bot.domain.discord_errors import (
    RULES,
    Abandon,
    Attempt,
    Block,
    Course,
    Meaning,
    MessagePart,
    Redirect,
    Replan,
    Retry,
    decide,
    decide_on_fault,
    meaning,
)
from bot.errors import PostError

ALL = frozenset(MessagePart)
WORDS, COVER, EMBEDS, REPLY, FILES = (
    MessagePart.LYRICS_AND_LINKS,
    MessagePart.COVER,
    MessagePart.EMBEDS,
    MessagePart.REPLY,
    MessagePart.FILES,
)


def refusal(code: int = 0, status: int = 400, parts: frozenset[MessagePart] = ALL, **more: Any) -> PostError:
    return PostError("no", status=status, code=code, parts=parts, **more)


def walk(code: int, failures: int = 0) -> Iterator[Course]:
    """What is decided, refusal by refusal, of a message that is refused whatever is left out."""
    omitted: frozenset[MessagePart] = frozenset()
    while True:
        course = decide(
            refusal(code, parts=ALL - omitted), Attempt(topic=Topic.SONGS, omitted=omitted, failures=failures)
        )
        yield course
        if not isinstance(course, Replan) or course.omitted is None:
            return
        assert course.omitted > omitted, "each step leaves out more"
        omitted = frozenset(course.omitted)


def left_out(code: int, failures: int = 0) -> list[MessagePart]:
    steps = [frozenset(course.omitted or ()) for course in walk(code, failures) if isinstance(course, Replan)]
    return [part for before, after in zip([frozenset(), *steps], steps, strict=False) for part in after - before]


@pytest.mark.parametrize(
    ("code", "order"),
    [
        (50035, [WORDS, COVER, EMBEDS, REPLY, FILES]),
        (50008, [WORDS, COVER, EMBEDS, REPLY, FILES]),
        (200000, [WORDS, EMBEDS, COVER, REPLY, FILES]),
        (240000, [WORDS, EMBEDS, COVER, REPLY, FILES]),
        (20009, [COVER, WORDS, EMBEDS, REPLY, FILES]),
        (160002, [REPLY, WORDS, COVER, EMBEDS, FILES]),
        (400001, [FILES, WORDS, COVER, EMBEDS, REPLY]),
        (50045, [FILES, WORDS, COVER, EMBEDS, REPLY]),
        (50046, [COVER, FILES, WORDS, EMBEDS, REPLY]),
    ],
)
def test_refused_content_is_tried_in_all_simpler_forms_and_then_reported(code: int, order: list[MessagePart]) -> None:
    assert left_out(code) == order
    assert list(walk(code))[-1] == Abandon(State.FAILED)


def test_nothing_is_left_out_that_was_not_there() -> None:
    course = decide(refusal(50035, parts=frozenset({REPLY})), Attempt(topic=Topic.FAILED))
    assert course == Replan(frozenset({REPLY}))


def test_an_unknown_code_is_retried_then_simplified_then_reported() -> None:
    assert isinstance(next(walk(99999)), Retry)
    assert isinstance(next(walk(99999, failures=1)), Retry)
    assert left_out(99999, failures=2) == list(MessagePart)
    assert list(walk(99999, failures=2))[-1] == Abandon(State.FAILED)


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.meaning is Meaning.LATER])
@pytest.mark.parametrize("failures", [0, 50])
def test_temporary_failures_are_retried_without_limit(code: int, failures: int) -> None:
    assert isinstance(decide(refusal(code, 403), Attempt(topic=Topic.SONGS, failures=failures)), Retry)


@pytest.mark.parametrize("code", [50001, 50013, 50083, 160005, 160009, 160010, 50024, 50009, 20026])
def test_failures_that_need_a_change_wait_for_it(code: int) -> None:
    assert decide(refusal(code, 403), Attempt(topic=Topic.SONGS, failures=50)) == Block()


@pytest.mark.parametrize(("code", "status"), [(10003, 404), (10004, 404)])
def test_songs_for_a_deleted_channel_go_to_the_persons_dms(code: int, status: int) -> None:
    gone = refusal(code, status)
    assert decide(gone, Attempt(topic=Topic.SONGS)) == Redirect()
    assert decide(gone, Attempt(topic=Topic.LIVE)) == Abandon(State.KEPT)
    assert decide(gone, Attempt(topic=Topic.SONGS, movable=False)) == Abandon(State.KEPT)


@pytest.mark.parametrize("code", [50007, 50278, 50033, 10013])
def test_a_delivery_that_a_person_blocks_is_kept(code: int) -> None:
    assert decide(refusal(code, 403), Attempt(topic=Topic.SONGS)) == Abandon(State.KEPT)


@pytest.mark.parametrize(("code", "status"), [(40005, 400), (0, 413)])
def test_too_large_becomes_smaller_and_then_goes_without_files(code: int, status: int) -> None:
    large = refusal(code, status)
    assert [decide(large, Attempt(topic=Topic.SONGS, failures=count)) for count in (0, 2, 3)] == [
        Replan(None), Replan(None), Replan(frozenset({FILES})),
    ]  # fmt: skip
    assert decide(refusal(code, status, frozenset()), Attempt(topic=Topic.SONGS)) == Abandon(State.FAILED)


@pytest.mark.parametrize("status", [0, 500, 502, 504, 520])
def test_an_outage_is_waited_for_and_from_the_third_time_on_files_are_suspected(status: int) -> None:
    outage = refusal(0, status)
    failure_handler = [decide(outage, Attempt(topic=Topic.SONGS, failures=count)) for count in range(4)]
    assert all(isinstance(course, Retry) for course in failure_handler[:2])
    suspected = Replan(frozenset({FILES})) if status else None
    assert all(course == suspected if status else isinstance(course, Retry) for course in failure_handler[2:])
    without = refusal(0, status, ALL - {FILES})
    attempt = Attempt(topic=Topic.SONGS, failures=9, omitted=frozenset({FILES}))
    assert isinstance(decide(without, attempt), Retry), "they were not to blame: all of it again, later"


def test_a_rate_limit_is_kept() -> None:
    assert decide(refusal(0, 429, retry_after=600.0), Attempt(topic=Topic.SONGS)) == Retry(600.0)


def test_errors_of_a_proxy_in_front_of_discord_are_temporary() -> None:
    assert meaning(refusal(0, 403)) is meaning(refusal(40333, 403)) is Meaning.LATER
    assert meaning(refusal(99999, 403)) is Meaning.UNKNOWN


def test_a_fault_of_the_bot_is_retried_for_hours_and_then_reported() -> None:
    assert isinstance(decide_on_fault(Attempt(topic=Topic.SONGS)), Retry)
    assert decide_on_fault(Attempt(topic=Topic.SONGS, failures=MAX_ATTEMPTS - 1)) == Abandon(State.FAILED)

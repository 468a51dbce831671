"""Which songs of a delivery a copy of the database must not post again."""

import pytest

from bot.domain.delivery import Delivery, Topic
from bot.domain.task import Clip, Status, Task, TaskKind
from bot.services.delivery.port import PostedSongs
from bot.services.delivery.posted import already_posted

OWN, OTHER = "own-delivery", "another-one1"


def message(number: int, mark: str, *numbers: int) -> PostedSongs:
    return PostedSongs(number, mark, frozenset(numbers))


def task(*playable: bool) -> Task:
    clips = [
        Clip(id=key, status=Status.DONE, audio_url="https://songs.example/a.mp3" if good else "")
        for key, good in zip("abc", playable, strict=False)
    ]
    return Task(id="task", kind=TaskKind.MUSIC, status=Status.DONE, clips=tuple(clips))


@pytest.mark.parametrize(
    ("messages", "clips", "found"),
    [
        ([], ("a", "b"), []),
        ([message(7, OTHER, 1)], ("a", "b"), [(7, ("a",))]),
        ([message(7, OTHER, 1)], ("b",), []),
        ([message(7, OTHER, 1, 2, 3)], ("b",), [(7, ("b",))]),
        ([message(7, OTHER, 1), message(8, OTHER, 2)], (), [(7, ("a",)), (8, ("b",))]),
        ([message(7, OTHER, 1), message(8, OTHER, 1, 2)], ("a", "b"), [(7, ("a",)), (8, ("b",))]),
        ([message(7, OWN, 1)], ("a", "b"), [(7, ("a",))]),
        ([message(7, OTHER)], ("a", "b"), []),
        ([message(7, OWN)], ("a", "b"), [(7, ("a", "b"))]),
        ([message(7, OTHER, 9)], ("a", "b"), []),
    ],
)
def test_a_song_is_known_by_its_number_in_whatever_message(
    messages: list[PostedSongs], clips: tuple[str, ...], found: list[tuple[int, tuple[str, ...]]]
) -> None:
    delivery = Delivery(
        id=OWN, watch_id=1, user_id=1, channel_id=1, topic=Topic.SONGS, clips=clips, created_at=1.0, due_at=1.0
    )
    assert already_posted(messages, delivery, task(True, True, True)) == found


def test_a_song_that_cannot_be_played_has_no_number_and_is_in_its_own_delivery() -> None:
    delivery = Delivery(
        id=OWN, watch_id=1, user_id=1, channel_id=1, topic=Topic.SONGS, clips=("a", "b"), created_at=1.0, due_at=1.0
    )
    half = task(True, False, True)
    assert already_posted([message(7, OWN, 1)], delivery, half) == [(7, ("a", "b"))]
    assert already_posted([message(7, OTHER, 1)], delivery, half) == [(7, ("a",))]

"""Whatever is posted without being asked for keeps to Discord's limits, and carries what it is found again by."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.delivery import Topic
from bot.domain.outbox import ClaimedDelivery, LiveCard
from bot.domain.snapshot import TaskSnapshot
from bot.domain.task import Task
from bot.domain.watch import Watch, WatchOutcome, delivery_for
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.services.delivery.port import Post
from bot.services.lookup import Found
from bot.ui.render.cards import fitting
from bot.ui.render.locales import languages
from bot.ui.render.posts import digest, live_card, post_card
from tests.property.test_cards import check, outcomes, tags, tasks

IDS = st.integers(1, 2**63 - 1)
watches = st.builds(
    Watch,
    id=IDS,
    task_id=st.text("abc-_0123456789", min_size=1, max_size=80),
    user_id=IDS,
    channel_id=IDS,
    guild_id=st.none() | IDS,
    mentions=st.lists(IDS.map("<@{}>".format), max_size=20).map(tuple),
    lyrics_id=st.sampled_from(["", "words"]),
    created_at=st.floats(0, 4e9),
)


def post_of(watch: Watch, topic: Topic, task: Task, lyrics: Task | None, **fields: Any) -> Post:
    claimed = ClaimedDelivery(
        delivery=delivery_for(watch, topic, watch.created_at),
        attempts=0,
        tried_at=None,
        watch=watch,
        snapshot=TaskSnapshot(task_id=task.id, task=task),
        lyrics=TaskSnapshot(task_id="words", task=lyrics) if lyrics else None,
        card_id=None,
    )
    return Post(claimed, Found(task, "default"), **fields)


@given(watches, st.sampled_from(Topic), tasks, st.none() | tasks, tags)
def test_any_message(watch: Watch, topic: Topic, task: Task, lyrics: Task | None, tag: str) -> None:
    post = post_of(watch, topic, task, lyrics)
    card = post_card(post, languages()[tag], 1_000)
    check(card)
    custom_ids = [getattr(button, "custom_id", None) or "" for button in card.buttons]
    assert any(f":{post.claimed.delivery.id}:" in each for each in custom_ids)


@given(watches, tasks.filter(lambda task: task.playable), st.none() | tasks, tags, st.data())
def test_any_songs(watch: Watch, task: Task, lyrics: Task | None, tag: str, data: st.DataObject) -> None:
    clip_files = [
        ClipFile(key, number, clip, data.draw(outcomes), None)
        for number, (key, clip) in enumerate(task.keyed(), 1)
        if clip.playable
    ]
    going = clip_files[: fitting(clip_files)]
    assert going, "at least one goes"
    card = post_card(post_of(watch, Topic.SONGS, task, lyrics, clip_files=going), languages()[tag], 1_000)
    check(card)
    files = [each for each in going if isinstance(each.audio, MediaFile)]
    assert len(card.uploads) == len(files)


@given(watches, st.sampled_from(WatchOutcome), tasks, st.none() | IDS, st.booleans(), tags)
def test_any_live_card(
    watch: Watch, outcome: WatchOutcome, task: Task, result_id: int | None, pending: bool, tag: str
) -> None:
    over = Watch(
        **{name: getattr(watch, name) for name in watch.__struct_fields__ if name != "outcome"}, outcome=outcome
    )
    card = LiveCard(
        watch=over,
        snapshot=TaskSnapshot(task_id=task.id, task=task),
        message_id=1,
        shows="",
        result_id=result_id,
        pending=pending,
    )
    check(live_card(card, languages()[tag]))
    assert digest(live_card(card, languages()[tag])) == digest(live_card(card, languages()[tag]))

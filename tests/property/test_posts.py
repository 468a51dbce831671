"""Posts of any task keep to Discord's limits, and carry the delivery id by which they are found again."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.delivery import Topic
from bot.domain.outbox import LiveCard
from bot.domain.snapshot import TaskSnapshot
from bot.domain.task import Task
from bot.domain.watch import Watch, WatchOutcome
from bot.gateways.media import MediaFile
from bot.services.clip_files import ClipFile
from bot.ui.render.cards import fitting
from bot.ui.render.locales import languages
from bot.ui.render.posts import digest, live_card, post_card
from tests.property.limits import check
from tests.property.strategies import IDS, outcomes, post_of, tags, tasks, watches


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

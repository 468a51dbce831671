"""Whatever is left out of a message, Discord accepts the remainder, it is not empty, and it shrinks each time."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.delivery import Topic
from bot.domain.discord_errors import MessagePart
from bot.domain.task import Task
from bot.domain.watch import Watch
from bot.services.clip_files import ClipFile
from bot.ui.render.cards import Card, fitting, task_card
from bot.ui.render.fallbacks import allowed, parts_of, without
from bot.ui.render.locales import languages
from bot.ui.render.posts import post_card
from tests.property.limits import check
from tests.property.strategies import outcomes, post_of, tags, tasks, watches

parts = st.frozensets(st.sampled_from(MessagePart))
permissions = st.frozensets(st.sampled_from(["attach_files", "embed_links", "read_message_history"]))


@st.composite
def cards(draw: st.DrawFn, tag: str) -> Card:
    task: Task = draw(tasks)
    watch: Watch = draw(watches)
    clip_files = [
        ClipFile(key, number, clip, draw(outcomes), None)
        for number, (key, clip) in enumerate(task.keyed(), 1)
        if clip.playable
    ]
    going = clip_files[: fitting(clip_files)] if clip_files else ()
    post = post_of(watch, draw(st.sampled_from(Topic)), task, None, clip_files=going)
    posted = post_card(post, languages()[tag], 1_000)
    return draw(st.sampled_from([posted, task_card(post.found, languages()[tag]) if post.found else posted]))


@given(st.data(), tags, parts)
def test_any_form(data: st.DataObject, tag: str, omitted: Collection[MessagePart]) -> None:
    card = data.draw(cards(tag))
    form = without(card, frozenset(omitted), languages()[tag])
    check(form)
    assert form.content or form.embeds or form.uploads
    assert parts_of(form) <= parts_of(card) - frozenset(omitted)


@given(st.data(), tags, permissions)
def test_sendable_messages(data: st.DataObject, tag: str, missing: Collection[str]) -> None:
    form = allowed(data.draw(cards(tag)), missing, languages()[tag])
    check(form)
    assert form.content or form.embeds or form.uploads
    assert not ("attach_files" in missing and form.uploads)
    assert not ("embed_links" in missing and form.embeds)

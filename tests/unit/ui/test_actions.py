"""What buttons carry: each action is bound, each payload comes back as it was, and old posts go on working."""

from typing import Any

import discord
import pytest
from discord.ext import commands

import cogs
from bot.errors import NotYours
from bot.ui.interactions.dispatch import HANDLERS
from bot.ui.render import actions
from bot.ui.render.actions import ACTIONS, CUSTOM_ID, custom_id, task_in
from bot.ui.render.locales import languages
from bot.ui.render.payloads import (
    ChannelPayload,
    ChartPayload,
    ChoicePayload,
    ClipPayload,
    DeliveryPayload,
    LibraryPayload,
    LibrarySongPayload,
    ListedOrderPayload,
    ListedWatchPayload,
    NewOrderPayload,
    NoPayload,
    NotifyPayload,
    OrderPayload,
    PagePayload,
    PlaylistSongPayload,
    SettingPayload,
    SongPayload,
    SwitchPayload,
    TaskPayload,
    WatchPayload,
)

LONGEST_ID = "t" * 80
SAMPLES = [
    TaskPayload(LONGEST_ID),
    *(TaskPayload(LONGEST_ID, tag) for tag in languages()),
    TaskPayload("task:1", delivery_id="0123456789ab"),
    ClipPayload(LONGEST_ID, "timing", 9), NotifyPayload("a:b"), NotifyPayload("a:b", on_answer=True),
    PagePayload("abc", 0), PagePayload("mine.0", 99_999),
    WatchPayload(1), ChannelPayload(2**63 - 1),
    ListedWatchPayload("server", 12, "task-1", 3),
    SettingPayload("language", "zh-TW"), ChoicePayload("ask"), NoPayload("me"),
    SongPayload(LONGEST_ID, 4), LibrarySongPayload(2**63 - 1, "sure"),
    LibraryPayload("starred", 2**63 - 1, "x" * 60, 99_999), LibraryPayload("mine", 0, "a.b:c 码头", 1),
    DeliveryPayload("all", "0123456789ab", 7),
    OrderPayload("f00d"), SongPayload(LONGEST_ID, 20), SongPayload("a:b"),
    NewOrderPayload(2**63 - 1, "female", "m.5" * 16 + "xx"),
    ListedOrderPayload("mine", "f00d", 2), SwitchPayload(on=True), SwitchPayload(on=False),
    ChartPayload("0123456789ab"), PlaylistSongPayload(2**63 - 1, 2**63 - 1),
]  # fmt: skip


@pytest.mark.parametrize("payload", SAMPLES, ids=repr)
def test_payloads_survive_a_round_trip(payload: Any) -> None:
    action: Any = next(each for each in ACTIONS.values() if each.payload is type(payload))
    text = custom_id(action.code, payload.about, payload.mark)
    found = CUSTOM_ID.fullmatch(text)
    assert found
    assert len(text) <= 100
    assert ACTIONS[found["action"]] is action
    assert action.payload.parse(found["about"], found["mark"]) == payload


def test_every_payload_is_tried() -> None:
    assert {each.payload for each in ACTIONS.values()} == {type(payload) for payload in SAMPLES}


async def test_every_action_has_its_handler() -> None:
    """Once the commands are there, whose files declare them."""
    bot = commands.Bot("!", intents=discord.Intents.none())
    for extension in cogs.EXTENSIONS:
        await bot.load_extension(extension)
    assert HANDLERS.keys() == ACTIONS.keys()


def test_every_label_is_a_text_of_every_language() -> None:
    keys = {action.label for action in ACTIONS.values() if action.label}
    assert all(keys <= language.texts.keys() for language in languages().values())


@pytest.mark.parametrize(
    ("text", "task_id"),
    [
        ("s1:rf:0:task_1", "task_1"),
        ("s1:rf:0-zh-TW:task_1", "task_1"),
        ("s1:dt:0123456789ab:a:b", "a:b"),
        ("s1:lp:3:task_1", "task_1"),
        ("s1:nf:1:task_1", "task_1"),
        ("s1:ws:2:mine.7.task_1", "task_1"),
        ("s1:wd:0:server.7", ""),
        ("s1:ws:0:mine.x.task_1", ""),
        ("s1:st:0:7", ""),
        ("s1:fv:2:task_1", "task_1"),
        ("s1:zz:0:task_1", ""),
        ("l1:abc", ""),
    ],
)
def test_the_task_of_a_button_of_any_version(text: str, task_id: str) -> None:
    assert task_in(text) == task_id


@pytest.mark.parametrize("forged", ["", "-1", "x", "٣", "9" * 20, str(2**63)])
@pytest.mark.parametrize("payload", [WatchPayload, ChannelPayload])
def test_a_number_that_no_button_carries_is_nobodys(payload: type[WatchPayload], forged: str) -> None:
    with pytest.raises(NotYours):
        payload.parse(forged, "0")


def test_a_card_of_an_older_version_says_no_language() -> None:
    assert actions.REFRESH.payload.parse("task_1", "0") == TaskPayload("task_1")

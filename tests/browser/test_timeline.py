"""What comes while somebody is elsewhere in the channel, and what happens when the demo goes."""

import pytest
from playwright.async_api import Page, expect

from sandbox.local_discord.messages import Upload
from sandbox.local_discord.world import Object
from sandbox.local_gateway.songs import audio
from tests.browser.parts import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def fill(stage: Stage) -> None:
    await stage.say(stage.mei, *(f"line {number}\nand another" for number in range(30)))


async def is_at_end(page: Page) -> bool:
    return bool(await page.locator("#messages").evaluate("m => m.scrollHeight - m.scrollTop - m.clientHeight < 5"))


async def scroll_up(page: Page) -> None:
    await page.locator("#messages").hover()
    await page.mouse.wheel(0, -2000)
    await expect(page.locator("#messages > :first-child")).to_be_in_viewport()


async def test_new_messages_below_show_a_marker(stage: Stage) -> None:
    await fill(stage)
    marker = stage.page.get_by_test_id("unseen")
    assert await is_at_end(stage.page)
    await expect(marker).not_to_be_visible()
    await scroll_up(stage.page)
    stage.local.person(stage.mei).say(stage.songs, "are you there?")
    await expect(marker).to_have_text("1 new message ↓")
    stage.local.person(stage.mei).say(stage.songs, "hello?")
    await expect(marker).to_have_text("2 new messages ↓")
    await stage.page.get_by_test_id("locale-switch").select_option("zh-CN")
    await expect(marker).to_have_text("2 条新消息 ↓")
    await marker.click()
    await expect(marker).not_to_be_visible()
    assert await is_at_end(stage.page)


async def test_an_answer_to_a_button_far_above_is_marked(stage: Stage) -> None:
    await stage.command("/pick")
    await expect(stage.answer).to_have_text("Pick")
    await fill(stage)
    await scroll_up(stage.page)
    await stage.page.get_by_test_id("select-news").click()
    await stage.page.get_by_role("option", name="#releases").click()
    await expect(stage.page.get_by_test_id("unseen")).to_have_text("1 new message ↓")


async def test_a_writer_is_run_to_its_end(stage: Stage) -> None:
    await fill(stage)
    await scroll_up(stage.page)
    await stage.type("here I am", "Enter")
    await expect(stage.answer).to_have_text("here I am")
    await expect(stage.answer).to_be_in_viewport()
    await expect(stage.page.get_by_test_id("unseen")).not_to_be_visible()


async def test_the_list_of_commands_covers_no_message(stage: Stage) -> None:
    await fill(stage)
    await stage.type("/")
    await expect(stage.page.get_by_test_id("command-form")).to_be_visible()
    await expect(stage.answer).to_be_in_viewport(ratio=1)
    last, popup = await stage.answer.bounding_box(), await stage.page.locator("#popup").bounding_box()
    assert last is not None
    assert popup is not None
    assert last["y"] + last["height"] <= popup["y"]


async def test_threads_and_their_names(stage: Stage) -> None:
    await stage.page.get_by_test_id("channel-Harbour Lights, drafts").click()
    await expect(stage.page.locator("#channel-name")).to_have_text("↳ Harbour Lights, drafts")
    await expect(stage.page.locator("#channel-hint")).to_have_text("Thread in #songs")
    await stage.command("/watches")
    await expect(stage.answer).to_have_text("these are the watches")


async def test_long_names_break_nothing(stage: Stage) -> None:
    long: Object = stage.local.world.add_channel(next(iter(stage.local.world.guilds.values())), "n" * 100)
    await stage.page.reload()
    await stage.page.get_by_test_id(f"channel-{long['name']}").click()
    await stage.command("w" * 1000)
    await expect(stage.answer).to_contain_text("www")
    for width in (1000, 390):
        await stage.page.set_viewport_size({"width": width, "height": 700})
        assert await stage.page.evaluate("document.documentElement.scrollWidth") <= width
        assert await stage.page.evaluate("document.querySelector('#messages').scrollWidth") <= width


async def test_a_command_while_the_bot_is_away(stage: Stage) -> None:
    async with stage.bot_away():
        await stage.type("/typed he")
        await expect(stage.page.locator("#popup")).to_contain_text("Loading options failed.")
        await stage.page.keyboard.press("Enter")
        await expect(stage.alert).to_have_text("The application did not respond.")
        await expect(stage.page.locator(".pill")).to_have_text(["/typed×", "texthe×"])


async def test_a_player_is_covered_and_uncovered_when_its_message_changes(stage: Stage) -> None:
    """Otherwise it stays as it is, since it may be playing."""
    messages, hub = stage.local.messages, stage.local.hub
    sound = audio("rain", 1.0)[0]
    uploads = {str(each): Upload(f"take-{each}.mp3", sound, "audio/mpeg") for each in (1, 2)}
    post = messages.create(stage.songs, stage.local.world.bot, {"content": "two takes"}, uploads)
    hub.message("MESSAGE_CREATE", post, None)
    files, covered = stage.page.get_by_test_id("file"), stage.page.get_by_test_id("covered")
    await expect(files).to_have_count(2)
    player = await files.last.element_handle()
    for is_covered in (True, False):
        kept = [{"id": post["attachments"][0]["id"], "is_spoiler": is_covered}, {"id": post["attachments"][1]["id"]}]
        messages.edit(post, {"attachments": kept}, {})
        hub.message("MESSAGE_UPDATE", post, None)
        await expect(covered).to_have_count(int(is_covered))
    assert await player.evaluate("player => player.isConnected"), "the other one is not touched"

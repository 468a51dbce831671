"""Selects, forms, files, menus and mentions, each used as a person does with a bot that says what it got."""

from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.browser.parts import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def choose(place: Locator, select: str, *labels: str) -> None:
    await place.get_by_test_id(f"select-{select}").click()
    for label in labels:
        await place.get_by_role("option", name=label, exact=True).click()


async def test_a_select_of_texts(stage: Stage) -> None:
    await stage.command("/choose")
    await stage.page.locator(".picked").click()
    await stage.page.get_by_role("option", name="Blue").click()
    await expect(stage.answer).to_contain_text("You chose Blue")


async def test_a_select_offers_what_its_type_says(stage: Stage) -> None:
    people, roles = ["@Ada", "@Suno", "@Mei"], ["@everyone", "@Singers", "@Moderators"]
    channels = ["#songs", "#Harbour Lights, drafts", "#releases", "#lounge", "#notices", "#song-box"]
    expected = {
        "user": (people, "@Mei", "['mei']"),
        "mentionable": (people + roles, "@Singers", "['Singers']"),
        "channel": (channels, "#lounge", "['lounge']"),
        "news": (["#releases"], "#releases", "['releases']"),
    }
    await stage.command("/pick")
    for select, (offered, chosen, answered) in expected.items():
        await stage.page.get_by_test_id(f"select-{select}").click()
        options = stage.page.get_by_role("listbox").get_by_role("option")
        await expect(options.locator("span:not(.mark)")).to_have_text(offered)
        await options.filter(has_text=chosen).click()
        await expect(stage.answer).to_have_text(f"{select}: {answered}")


async def test_a_select_of_many_shows_its_defaults_and_is_sent_once_when_closed(stage: Stage) -> None:
    await stage.command("/pick")
    select = stage.page.get_by_test_id("select-role")
    await expect(select).to_contain_text("@Singers")
    await choose(stage.page.locator(".message"), "role", "@Moderators")
    await expect(stage.page.get_by_role("option", name="@everyone")).to_be_disabled()
    await expect(stage.page.get_by_test_id("message")).to_have_count(1)
    await stage.page.get_by_role("button", name="Done").click()
    await expect(stage.answer).to_have_text("role: ['Moderators', 'Singers']")
    await choose(stage.page.locator(".message").first, "role", "@Singers", "@Moderators")
    await stage.page.keyboard.press("Escape")
    await expect(stage.answer).to_have_text("role: []")
    await expect(stage.page.get_by_test_id("message")).to_have_count(3)


async def test_a_select_by_the_keyboard_alone(stage: Stage) -> None:
    await stage.command("/pick")
    await stage.page.get_by_test_id("select-channel").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        await stage.page.keyboard.press(key)
    await expect(stage.answer).to_have_text("channel: ['releases']")
    await expect(stage.page.get_by_test_id("select-channel")).to_be_focused()


async def test_a_choice_that_the_bot_did_not_take_is_taken_back(stage: Stage) -> None:
    await stage.command("/pick")
    await expect(stage.answer).to_have_text("Pick")
    async with stage.bot_away():
        await choose(stage.page.locator(".message"), "user", "@Mei")
        await expect(stage.alert).to_have_text("The application did not respond.")
        await expect(stage.page.get_by_test_id("select-user")).to_contain_text("Choose…")


async def test_a_form_with_a_file(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("task_1")
    await stage.command("/form")
    dialog = stage.page.locator("dialog")
    await expect(dialog).to_contain_text("As many as you like")
    await stage.page.get_by_test_id("field-words").fill("hello")
    await dialog.locator("input[type=file]").set_input_files(tmp_path / "ids.txt")
    await stage.page.get_by_test_id("submit").click()
    await expect(stage.answer).to_have_text("hello and ['ids.txt']")
    await expect(dialog).not_to_be_visible()


async def test_a_form_that_was_not_taken_keeps_what_was_written(stage: Stage) -> None:
    await stage.command("/form")
    words = stage.page.get_by_test_id("field-words")
    await words.fill("a poem")
    async with stage.bot_away():
        await words.press("Enter")
        await expect(stage.alert).to_have_text("The application did not respond.")
        await expect(words).to_have_value("a poem")
    await stage.local.hub.until(lambda: stage.local.hub.online)
    await words.press("Enter")
    await expect(stage.answer).to_have_text("a poem and []")


async def test_a_form_can_be_left(stage: Stage) -> None:
    await stage.command("/form")
    await expect(stage.page.locator("dialog")).to_be_visible()
    await stage.page.keyboard.press("Escape")
    await expect(stage.page.locator("dialog")).not_to_be_visible()
    await expect(stage.page.get_by_test_id("message")).to_have_count(0)


async def test_a_form_of_choices(stage: Stage) -> None:
    await stage.command("/survey")
    dialog = stage.page.locator("dialog")
    await dialog.get_by_label("Wild").check()
    await dialog.get_by_label("Folk").check()
    await dialog.get_by_test_id("submit").click()
    await expect(stage.alert).to_have_text("A role is needed.")
    await choose(dialog, "role", "@Singers")
    await dialog.get_by_role("button", name="Done").click()
    await dialog.get_by_test_id("submit").click()
    await expect(stage.answer).to_have_text("['Singers'] wild ['folk'] False")


async def test_a_file_as_an_option(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("a,b")
    await stage.type("/file ")
    async with stage.page.expect_file_chooser() as chooser:
        await stage.page.get_by_test_id("choose-file").click()
    await (await chooser.value).set_files(tmp_path / "ids.csv")
    await expect(stage.page.locator("#files")).to_contain_text("ids.csv")
    await stage.page.keyboard.press("Enter")
    await expect(stage.answer).to_have_text("ids.csv: a,b")


async def test_files_where_they_cannot_go_are_kept(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("a,b")
    await stage.page.locator("#attach-input").set_input_files(tmp_path / "ids.csv")
    await stage.command("/watches")
    await expect(stage.alert).to_have_text("This command takes no file.")
    await stage.page.get_by_label("Remove ids.csv").click()
    await stage.page.keyboard.press("Enter")
    await expect(stage.answer).to_have_text("these are the watches")


async def test_a_file_that_is_too_large_is_refused_before_it_is_sent(stage: Stage, tmp_path: Path) -> None:
    stage.local.world.upload_limit = 1_000_000
    await stage.page.reload()
    await stage.page.wait_for_selector("#presence.online")
    (tmp_path / "song.mp3").write_bytes(bytes(1_500_000))
    await stage.page.locator("#attach-input").set_input_files(tmp_path / "song.mp3")
    await stage.type("listen", "Enter")
    await expect(stage.alert).to_have_text("song.mp3 is 1.4 MB. Files up to 977 KB can be sent here.")
    await expect(stage.page.get_by_test_id("composer")).to_have_value("listen")


async def test_the_menu_of_a_message_covers_nothing(stage: Stage) -> None:
    await stage.command("just words")
    await stage.page.get_by_test_id("message-menu").click()
    entry = stage.page.get_by_role("button", name="Repeat")
    above, below = await entry.bounding_box(), await stage.answer.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]
    await entry.click()
    await expect(stage.page.locator(".message.private")).to_contain_text("You said just words")
    await expect(entry).not_to_be_visible()
    await stage.page.get_by_test_id("person-switch").select_option(label="Mei")
    await expect(stage.page.get_by_test_id("message")).to_have_count(1)


async def test_silence_is_told_and_the_command_kept(stage: Stage) -> None:
    stage.local.interactions.patience = 0.5
    await stage.command("/slow")
    await expect(stage.alert).to_have_text("The application did not respond.")
    await expect(stage.page.locator(".pill.command")).to_contain_text("/slow")


async def test_two_people_talk_and_unread_channels_are_marked(stage: Stage) -> None:
    await stage.command("hello from Ada")
    await stage.page.get_by_test_id("person-switch").select_option(label="Mei")
    await expect(stage.answer).to_have_text("hello from Ada")
    await stage.page.get_by_test_id("channel-lounge").click()
    await expect(stage.page.locator(".empty")).to_be_visible()
    await stage.command("**bold** *slanted, **and bold** too* ||hidden|| <b>no html</b>")
    await expect(stage.page.locator(".content b")).to_have_text(["bold", "and bold"])
    await expect(stage.page.locator(".content i")).to_have_text("slanted, and bold too")
    await expect(stage.answer).to_contain_text("<b>no html</b>")
    stage.local.person(stage.ada).say(stage.songs, "are you there?")
    await expect(stage.page.get_by_test_id("channel-songs")).to_have_class("unread")


async def test_a_typed_name_becomes_a_mention(stage: Stage) -> None:
    await stage.type("@Suno, and @mei in #lounge, not me@Mei", "Enter")
    await expect(stage.answer.locator(".mention")).to_have_text(["@Suno", "@Mei", "#lounge"])
    sent = stage.local.person(stage.ada).read(stage.songs)[-1]
    assert {each["username"] for each in sent["mentions"]} == {"suno", "mei"}
    await stage.type("@Mo", "Tab")
    await expect(stage.page.get_by_test_id("composer")).to_have_value("@Moderators ")
    await stage.page.keyboard.press("Enter")
    await expect(stage.answer.locator(".mention")).to_have_text(["@Moderators"])


async def test_a_read_only_channel_takes_no_text(stage: Stage) -> None:
    await stage.page.get_by_test_id("person-switch").select_option(label="Mei")
    await stage.page.get_by_test_id("channel-notices").click()
    await expect(stage.page.get_by_test_id("composer")).to_be_disabled()
    await expect(stage.page.locator(".empty")).to_have_text("你没有在此频道发送消息的权限。")

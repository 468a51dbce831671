"""The line: what is typed is what is sent, options can be seen and added, and what cannot be is said."""

import pytest
from playwright.async_api import expect

from tests.browser.parts import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_enter_sends_the_typed_text_and_not_the_suggestion(stage: Stage) -> None:
    await stage.type("/typed my own words")
    await expect(stage.choices).to_have_text(["Suggested one", "Suggested two"])
    await stage.page.keyboard.press("Enter")
    await expect(stage.answer).to_have_text("[my own words]")


async def test_a_suggestion_is_taken_by_the_arrows_or_tab_or_a_click(stage: Stage) -> None:
    for keys, sent in ((["ArrowDown", "ArrowDown", "Enter"], "two"), (["Tab"], "one"), ([], "two")):
        await stage.type("/typed ")
        await expect(stage.choices).to_have_count(2)
        if not keys:
            await stage.choices.last.click()
        for key in (*keys, "Enter"):
            await stage.page.keyboard.press(key)
        await expect(stage.answer).to_have_text(f"[suggested-{sent}]")


async def test_a_command_that_begins_like_another(stage: Stage) -> None:
    await stage.type("/watches", "Enter")
    await expect(stage.answer).to_have_text("these are the watches")
    await stage.type("/watch es loud:true", "Enter")
    await expect(stage.answer).to_have_text("watch es True")


async def test_optional_options_are_seen_and_added_after_the_first(stage: Stage) -> None:
    await stage.type("/typed ")
    await expect(stage.page.get_by_test_id("more")).to_have_text("+4 more")
    await stage.type("hi")
    await stage.page.get_by_test_id("more").click()
    options = stage.page.locator("[data-testid^=option-]")
    await expect(options.locator("span")).to_have_text(["colour", "times", "place", "who"])
    await stage.page.get_by_test_id("option-colour").click()
    await expect(stage.choices).to_have_text(["red", "dark red", "blue"])
    await stage.choices.filter(has_text="dark").click()
    await stage.type("times: 2", "Enter")
    await expect(stage.answer).to_have_text("[hi] colour=dark red times=2")


async def test_options_are_named_while_typing(stage: Stage) -> None:
    await stage.type("/typed text:a b times:3 who:@singers place:#lounge colour:red", "Enter")
    await expect(stage.answer).to_have_text("[a b] colour=red times=3 place=lounge who=Singers")


async def test_a_pasted_line_is_a_command(stage: Stage) -> None:
    await stage.command("/typed text:one\ntwo who:Mei")
    await expect(stage.answer).to_have_text("[one two] who=mei")


async def test_an_invalid_option_value_is_reported_and_kept(stage: Stage) -> None:
    wrong = {
        "/typed text:hi colour:green": "colour cannot be “green”. Choose one of: red, dark red, blue",
        "/typed text:hi colour:re": "colour cannot be “re”. Choose one of: red, dark red, blue",
        "/typed text:hi times:many": "times must be a whole number, not “many”.",
        "/typed text:hi times:9": "times must be at most 5.",
        "/typed text:hi place:#nowhere":
            "place cannot be “#nowhere”. Choose one of: #songs, #releases, #lounge, #notices",
        "/watch what:hi loud:perhaps": "loud cannot be “perhaps”. Choose one of: True, False",
    }  # fmt: skip
    for line, said in wrong.items():
        name, _, value = line.rpartition(" ")[2].partition(":")
        await stage.type_anew(line, "Enter")
        await expect(stage.alert).to_have_text(said)
        await expect(stage.page.get_by_test_id("composer")).to_have_value(value)
        await expect(stage.page.locator(".pill.current")).to_have_text(name)
        await stage.page.get_by_label("Remove /").click()
        await stage.page.get_by_test_id("composer").fill(line)  # as pasted
        await expect(stage.alert).to_have_text(said)
        await expect(stage.page.get_by_test_id("composer")).to_have_value(value)
    await expect(stage.page.get_by_test_id("message")).to_have_count(0)


async def test_suggestions_that_do_not_come_are_told(stage: Stage) -> None:
    stage.local.interactions.patience = 0.5
    await stage.type("/typed slow")
    await expect(stage.page.locator("#popup")).to_contain_text("Loading options failed.")
    stage.local.interactions.patience = 30
    await stage.page.keyboard.press("Enter")
    await expect(stage.answer).to_have_text("[slow]")


async def test_backspace_and_escape_take_back_step_by_step(stage: Stage) -> None:
    pills = stage.page.locator("#pills > *")
    await stage.page.get_by_test_id("composer").fill("/typed text:hi times:2")
    await expect(pills).to_have_count(3)
    await stage.page.keyboard.press("Backspace")
    await expect(pills).to_have_count(2)
    await stage.page.keyboard.press("Escape")
    await stage.page.keyboard.press("Escape")
    await expect(pills).to_have_count(0)
    await stage.type("plain words", "Escape", "Escape", "Enter")
    await expect(stage.answer).to_have_text("plain words")


async def test_lines_input_methods_and_lengths(stage: Stage) -> None:
    await stage.type("one", "Shift+Enter")
    await stage.type("two", "Enter")
    await expect(stage.answer).to_have_text("one\ntwo", use_inner_text=True)
    composer = stage.page.get_by_test_id("composer")
    await stage.type("ni hao")
    await composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    await expect(composer).to_have_value("ni hao")
    await stage.page.keyboard.press("Enter")
    await expect(stage.answer).to_have_text("ni hao")
    await stage.command("x" * 2001)
    await expect(stage.alert).to_have_text("A message takes up to 2000 characters; this has 2001.")
    await expect(composer).to_have_value("x" * 2001)

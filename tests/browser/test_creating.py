"""Songs are created in the demo, in a real browser, as a newcomer does it from the guide beside the page."""

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.demo_orders import BOTTLE_ID

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

A_MINUTE = 60_000  # milliseconds


async def run_step(page: Page, text: str) -> Locator:
    """A step of the guide, and the answer that only its person sees."""
    await page.locator("#guide .step", has_text=text).first.click()
    await expect(page.locator(".pill.command")).to_be_visible()
    answers = page.locator(".message.private")
    before = await answers.count()
    await page.keyboard.press("Enter")
    await expect(answers).to_have_count(before + 1)
    return answers.last


async def create(card: Locator, label: str) -> None:
    await card.get_by_role("button", name=label).click()


@pytest.mark.parametrize(
    ("locale", "step", "label"), [("en-US", "make a song", "Create"), ("zh-CN", "创作一首歌", "创作")]
)
async def test_a_newcomer_makes_a_song_within_a_minute(page: Page, locale: str, step: str, label: str) -> None:
    await page.get_by_test_id("locale-switch").select_option(locale)
    card = await run_step(page, step)
    await expect(card).to_contain_text("≈0.10")
    await create(card, label)
    post = page.locator(".message:has([data-testid=audio])", has_text="lighthouse keeper").last
    await expect(post).to_be_visible(timeout=A_MINUTE)
    await expect(post.get_by_test_id("audio")).to_have_count(2)
    await expect(post).to_contain_text("@Ada")


async def test_a_manager_agrees_to_the_last_song_of_the_day(page: Page) -> None:
    card = await run_step(page, "a manager has to agree")
    await expect(card).to_contain_text("you have 1 of 3 left today")
    await create(card, "Create")
    await expect(card.get_by_role("button", name="Create")).to_have_count(0)
    asked = await run_step(page, "approve it")
    await expect(asked).to_contain_text("夏夜的萤火虫")
    await asked.get_by_role("button", name="Approve").click()
    post = page.locator(".message:has([data-testid=audio])", has_text="夏夜的萤火虫").last
    await expect(post).to_be_visible(timeout=A_MINUTE)
    await expect(post).to_contain_text("@Mei")
    card = await run_step(page, "none is left for today")
    await expect(card).to_contain_text("You've used your 3 orders for today")
    await expect(card.get_by_role("button", name="Create")).to_have_count(0)


async def test_an_answer_that_got_lost_is_found_by_its_id(page: Page) -> None:
    card = await run_step(page, "whose answer gets lost")
    await create(card, "Create")
    await expect(card).to_contain_text("No answer came", timeout=A_MINUTE)
    listed = await run_step(page, "find it")
    await listed.get_by_role("button", name="It's this id").click()
    await page.locator("dialog input").fill(BOTTLE_ID)
    await page.get_by_test_id("submit").click()
    await expect(page.locator(".message.private").last).to_contain_text("It was ordered once")
    post = page.locator(".message:has([data-testid=audio])", has_text="a letter in a bottle").last
    await expect(post).to_be_visible(timeout=A_MINUTE)

"""The demo in a real browser, used as a person uses it."""

import asyncio

import pytest
from playwright.async_api import Locator, Page, expect

pytestmark = pytest.mark.browser

HARBOUR = "5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"


async def look_up(page: Page, task_id: str) -> None:
    await page.get_by_test_id("composer").fill(f"/suno status id:{task_id}")
    await page.keyboard.press("Enter")


async def test_a_song_is_found_by_typing_and_plays(page: Page) -> None:
    await page.get_by_test_id("composer").press_sequentially("/sta")
    await page.get_by_test_id("command-suno status").wait_for()
    await page.keyboard.press("Tab")
    await page.keyboard.type("harb")
    await expect(page.get_by_test_id("choice")).to_have_text([f"Harbour Lights · {HARBOUR}"])
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("embed").first).to_contain_text("Harbour Lights · 1/2")
    await expect(page.locator(".above")).to_have_text("Ada used /suno status")
    sound = page.get_by_test_id("audio").first
    await page.get_by_label("Play Harbour-Lights").first.click()
    await _until_past(sound, 0.5)
    assert await sound.evaluate("audio => Math.round(audio.duration)") == 62
    await page.get_by_label("Position").first.fill("500")
    await _until_past(sound, 30)


async def _until_past(sound: Locator, seconds: float) -> None:
    for _ in range(100):
        if await sound.evaluate("audio => audio.currentTime") > seconds:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the song does not play")


async def test_lyrics_are_private_and_can_be_dismissed(page: Page) -> None:
    await look_up(page, HARBOUR)
    await page.get_by_test_id("button-Lyrics").click()
    private = page.locator(".message.private")
    await expect(private).to_contain_text("Salt on the railing")
    await page.get_by_test_id("dismiss").click()
    await expect(private).to_have_count(0)


async def test_a_task_is_seen_being_made(page: Page) -> None:
    await look_up(page, "task_b0rnN0wWh11eY0uL00kAtIt1234567")
    embed = page.get_by_test_id("embed").first
    await expect(embed).to_contain_text("Queued")
    for seen in ("Generating", " %", "Paper Lanterns · 1/2"):
        await _refresh_until(page, seen)
    await expect(page.get_by_test_id("audio")).to_have_count(2)


async def _refresh_until(page: Page, seen: str) -> None:
    for _ in range(30):
        if seen in await page.get_by_test_id("embed").first.inner_text():
            return
        await page.get_by_test_id("button-Refresh").click()
        await page.wait_for_timeout(1_500)
    pytest.fail(f"{seen} was not seen")


async def test_another_person_reads_chinese(page: Page) -> None:
    await page.get_by_test_id("person-switch").select_option(label="Mei")
    await expect(page.locator("#presence")).to_have_text("机器人在线")
    await page.get_by_test_id("composer").press_sequentially("/")
    await expect(page.get_by_test_id("command-suno status")).to_contain_text("查询一个 Suno 任务")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await look_up(page, "1934567890123456789")
    await expect(page.get_by_test_id("embed").first).to_contain_text("夏日海风 · 1/2")
    await expect(page.get_by_test_id("button-歌词")).to_be_visible()


async def test_one_song_of_a_task_and_its_lyrics_as_a_file(page: Page) -> None:
    await page.get_by_test_id("composer").fill(f"/suno audio id:{HARBOUR} clip:2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("audio")).to_have_count(1)
    await page.get_by_test_id("composer").fill(f"/suno lyrics id:{HARBOUR} as:file")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Show text").click()
    await expect(page.locator(".message.private pre")).to_contain_text("Salt on the railing")


async def test_in_a_dm(page: Page) -> None:
    await page.get_by_test_id("channel-Suno").click()
    await expect(page.locator(".empty")).to_be_visible()
    await look_up(page, HARBOUR)
    await expect(page.get_by_test_id("audio")).to_have_count(2)


async def test_what_is_missing_is_said(page: Page) -> None:
    await page.get_by_test_id("composer").fill("/suno status ")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("id is needed")
    while await page.locator("#pills > *").count():  # the list of ids may open in between
        await page.keyboard.press("Escape")
    await page.get_by_test_id("composer").fill("/fly")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("no command /fly")


async def test_hostile_text_stays_text(page: Page) -> None:
    await look_up(page, "e7f8091a-2b3c-4d4e-8f50-617283940516")
    embed = page.get_by_test_id("embed").first
    await expect(embed).to_contain_text("@\u200beveryone [free credits](https://evil.example) **||`*_~")
    await expect(page.locator("a[href*='evil.example']")).to_have_count(0)
    await expect(page.locator(".mention, .spoiler")).to_have_count(0)


async def test_every_task_of_the_guide_is_answered(page: Page) -> None:
    steps, answers = page.locator("#guide button"), page.locator(".message:has(.above)")
    for number in range(await steps.count()):
        before = await answers.count()
        await steps.nth(number).click()
        await page.keyboard.press("Enter")
        if "form" in await steps.nth(number).inner_text():
            await page.locator("dialog[open]").wait_for()
            await page.keyboard.press("Escape")
            continue
        answer = answers.nth(before)
        await expect(answer.locator(".embed, .content").first).to_be_visible(timeout=10_000)
        await expect(answer).not_to_contain_text("Something went wrong")


async def test_a_watched_task_comes_by_itself(page: Page) -> None:
    """The whole life, within a minute: the confirmation, the card that follows, the song."""
    await page.get_by_test_id("composer").fill("/suno watch ids:task_W4tchMeGr0wW1thAL1veCard000001 live:True")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message").first).to_contain_text("Watching task_W4tch")
    await expect(page.locator(".message").nth(1)).to_contain_text("This card follows the progress")
    await expect(page.locator(".message").last).to_contain_text("Chalk Sun is ready", timeout=60_000)
    await expect(page.get_by_test_id("audio")).to_have_count(2)

"""The demo in a real browser, used as a person uses it for the first time."""

import asyncio
import contextlib
import socket
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from sandbox.local_gateway.tcp_proxy import TcpProxy
from tests.browser.conftest import Demo, opened

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

HARBOUR = "5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"


async def look_up(page: Page, task_id: str) -> None:
    await page.get_by_test_id("composer").fill(f"/suno status id:{task_id}")
    await page.keyboard.press("Enter")


async def choose(page: Page, step: Locator) -> None:
    """A step of the guide: it comes into the line."""
    await step.click()
    if "mention" in await step.inner_text():
        await expect(page.get_by_test_id("composer")).not_to_be_empty()
    else:
        await expect(page.locator(".pill.command")).to_be_visible()


async def attempt(page: Page, step: Locator) -> None:
    """The same, and it is sent off from there."""
    await choose(page, step)
    await page.keyboard.press("Enter")


async def _until_past(sound: Locator, seconds: float) -> None:
    for _ in range(100):
        if await sound.evaluate("audio => audio.currentTime") > seconds:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the song does not play")


async def test_the_first_click_brings_a_song_that_plays(page: Page) -> None:
    await expect(page.locator(".empty")).to_contain_text("Welcome to the suno-watch demo")
    await page.get_by_test_id("begin-0").click()
    await expect(page.get_by_test_id("embed").first).to_contain_text("Harbour Lights · 1/2")
    await expect(page.locator(".above")).to_have_text("Ada used /suno status")
    sound = page.get_by_test_id("audio").first
    await page.get_by_label("Play Harbour-Lights").first.click()
    await _until_past(sound, 0.5)
    assert await sound.evaluate("audio => Math.round(audio.duration)") == 62
    await page.get_by_label("Position").first.fill("500")
    await _until_past(sound, 30)
    await page.get_by_test_id("locale-switch").select_option("zh-CN")  # all is drawn anew
    await expect(page.locator(".above")).to_have_text("Ada 使用了 /suno status")
    await _until_past(sound, await sound.evaluate("audio => audio.currentTime + 0.2"))


async def test_a_song_is_found_by_typing(page: Page) -> None:
    await page.get_by_test_id("composer").press_sequentially("/sta")
    await page.get_by_test_id("command-suno status").wait_for()
    await page.keyboard.press("Tab")
    await page.keyboard.type("harb")
    await expect(page.get_by_test_id("choice")).to_have_text([f"Harbour Lights · {HARBOUR}"])
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("option-show")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("embed").first).to_contain_text("Harbour Lights · 1/2")
    await page.get_by_test_id("button-Lyrics").click()
    private = page.locator(".message.private")
    await expect(private).to_contain_text("Salt on the railing")
    await page.get_by_test_id("dismiss").click()
    await expect(private).to_have_count(0)


async def test_a_song_of_long_ago_is_found_by_its_words_and_played_again(page: Page) -> None:
    composer, answer = page.get_by_test_id("composer"), page.locator(".message.private").last
    await composer.fill("/suno library find:lamp MOTH!")
    await page.keyboard.press("Enter")
    await expect(answer).to_contain_text("Moth at the Lamp")
    await answer.get_by_test_id("button-Play").click()
    await expect(answer.get_by_test_id("embed").first).to_contain_text("Moth at the Lamp")
    await answer.get_by_label("Play Moth-at-the-Lamp").click()
    await _until_past(answer.get_by_test_id("audio").first, 0.5)
    await answer.locator("button", has_text="⭐").click()
    await expect(answer.locator("button", has_text="⭐ 1")).to_be_visible()
    await composer.fill("/suno library find:moth scope:starred")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.private")).to_have_count(3)
    await expect(answer).to_contain_text("Moth at the Lamp")
    await page.get_by_test_id("person-switch").select_option(label="Mei")
    await expect(page.locator("#presence")).to_have_text("机器人在线")
    await composer.fill("/suno library find:码头 渡轮")
    await page.keyboard.press("Enter")
    await expect(answer).to_contain_text("最后一班渡轮")
    await answer.get_by_test_id("button-播放").click()
    await expect(answer.get_by_test_id("audio")).to_have_count(1)


async def test_songs_being_made_are_seen_again_and_again(page: Page) -> None:
    """Two tasks side by side: one looked up, and one watched, which is posted by itself."""
    being_made = page.locator("#guide .step", has_text="being made now")
    for _ in range(2):
        await attempt(page, being_made)
        await expect(page.get_by_test_id("embed").last).to_contain_text("Queued")
    card = page.locator(".message:has([data-testid=button-Refresh])").first
    await attempt(page, page.locator("#guide .step", has_text="watch a song being made"))
    await expect(page.locator(".message", has_text="Watching task_")).to_be_visible()
    await expect(page.locator(".message", has_text="This card shows the progress")).to_be_visible()
    for seen in ("Generating", "%", "Paper Lanterns · 1/2"):
        await _refresh_until(page, card, seen)
    await expect(page.locator(".message", has_text="Paper Lanterns").first.get_by_test_id("audio")).to_have_count(2)
    posted = page.locator(".message", has_text="Chalk Sun is ready")
    await expect(posted).to_be_visible(timeout=60_000)
    await expect(posted.get_by_test_id("audio")).to_have_count(2)
    await expect(posted.locator(".above")).to_have_text("↩ Replying to Suno")
    await attempt(page, being_made)
    await expect(page.locator(".message").last).to_contain_text("Queued")


async def _refresh_until(page: Page, card: Locator, seen: str) -> None:
    for _ in range(30):
        if await page.locator(".message", has_text=seen).count():
            return
        await card.get_by_test_id("button-Refresh").click()
        await page.wait_for_timeout(1_500)
    pytest.fail(f"{seen} was not seen")


async def test_another_person_reads_chinese(page: Page) -> None:
    await page.get_by_test_id("person-switch").select_option(label="Mei")
    await expect(page.locator("#presence")).to_have_text("机器人在线")
    await expect(page.locator("#sidebar label").first).to_contain_text("当前身份")
    await expect(page.locator(".empty")).to_contain_text("欢迎试用 suno-watch")
    await page.get_by_test_id("composer").press_sequentially("/")
    await expect(page.get_by_test_id("command-suno status")).to_contain_text("查看一个 Suno 任务")
    await look_up(page, "1934567890123456789")
    await expect(page.get_by_test_id("embed").first).to_contain_text("夏日海风 · 1/2")
    await expect(page.get_by_test_id("button-歌词")).to_be_visible()
    await attempt(page, page.locator("#guide .step", has_text="歌曲如何发送到本服务器"))  # which only Ada may
    await expect(page.locator("#presence")).to_have_text("机器人在线")
    await expect(page.locator(".message.private .picked").first).to_have_text("请选择…▾")
    await expect(page.get_by_test_id("person-switch").locator("option:checked")).to_have_text("Ada")


async def test_one_song_of_a_task_and_its_lyrics_as_a_file(page: Page) -> None:
    await page.get_by_test_id("channel-Suno").click()
    await expect(page.locator(".empty")).to_be_visible()
    await page.get_by_test_id("composer").fill(f"/suno audio id:{HARBOUR} clip:2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("audio")).to_have_count(1)
    await page.get_by_test_id("composer").fill(f"/suno lyrics id:{HARBOUR} as:file")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Show text").click()
    await expect(page.locator(".message.private pre")).to_contain_text("Salt on the railing")


async def test_a_missing_option_is_reported(page: Page) -> None:
    await page.get_by_test_id("composer").press_sequentially("/suno status ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("id is needed.")
    await page.keyboard.press("Escape")
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


async def test_every_step_of_the_guide_is_answered(page: Page) -> None:
    steps, answers = page.locator("#guide .step"), page.locator(".message:has(.above)")
    for number in range(await steps.count()):
        await choose(page, steps.nth(number))
        before = (
            await answers.count()
        )  # of the person who takes this step: another one has private answers of their own
        await page.keyboard.press("Enter")
        if "form" in await steps.nth(number).inner_text():
            await page.locator("dialog[open]").wait_for()
            await page.keyboard.press("Escape")
            continue
        answer = answers.nth(before)
        await expect(answer.locator(".embed, .content").first).to_be_visible(timeout=10_000)
        await expect(answer).not_to_contain_text("Something went wrong")


async def test_the_setup_panel_keeps_the_channel_that_was_chosen(page: Page) -> None:
    await page.get_by_test_id("composer").fill("/suno-admin setup")
    await page.keyboard.press("Enter")
    select = page.locator(".picker").first
    await select.locator(".picked").click()
    await expect(select.get_by_role("option")).to_have_text(["#songs", "#releases", "#lounge", "#notices", "#song-box"])
    await select.evaluate("picker => { picker.dataset.old = '' }")
    await select.get_by_role("option", name="#releases").click()
    await expect(page.locator("[data-old]")).to_have_count(0)  # the bot drew the panel anew
    await expect(select.locator(".shown")).to_have_text("#releases")
    await page.get_by_test_id("composer").fill("/suno-admin setup")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message").nth(1).locator(".shown").first).to_have_text("#releases")


async def test_on_a_phone(demo: str, browser: Browser) -> None:
    async with opened(browser, demo, width=390, height=844) as page:
        await page.get_by_test_id("guide-open").click()
        step = page.locator("#guide .step", has_text="a long title")
        await step.click()
        await expect(step).not_to_be_in_viewport()
        await page.locator("#send").click()
        answer = page.locator(".message").last
        await expect(answer.locator(".player").first).to_be_visible()
        await answer.get_by_test_id("message-menu").click()
        menu, author = await answer.locator(".menu").bounding_box(), await answer.locator(".by b").bounding_box()
        assert menu is not None
        assert author is not None
        assert author["y"] + author["height"] <= menu["y"]
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        assert await page.locator("#messages").evaluate("m => m.scrollWidth") <= 390
        await page.get_by_label("Channels").last.click()
        await page.get_by_test_id("channel-releases").click()
        await expect(page.locator("#channel-name")).to_have_text("※ releases")
        await expect(page.get_by_test_id("channel-songs")).not_to_be_in_viewport()


async def test_through_a_tunnel_songs_play(demo: str, browser: Browser) -> None:
    """As `ssh -L` makes it: the page has another port than the demo."""
    proxy = TcpProxy(int(demo.rpartition(":")[2]))
    async with proxy as tunnel, opened(browser, f"http://localhost:{tunnel.port}") as page:
        await look_up(page, HARBOUR)
        await page.get_by_label("Play Harbour-Lights").first.click()
        await _until_past(page.get_by_test_id("audio").first, 0.2)


async def test_other_pages_and_names_are_refused(demo: str) -> None:
    """Those in the same browser, and names that somebody else leads to this address."""
    own = demo.removeprefix("http://")
    foreign = ({"Origin": "http://localhost:1"}, {"Origin": "null"}, {"Host": "evil.example"})
    async with aiohttp.ClientSession() as session:
        for headers in foreign:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(f"{demo}/page/socket", headers=headers)
        async with session.ws_connect(f"{demo}/page/socket", headers={"Origin": f"http://{own}"}) as socket:
            assert (await socket.receive_json())["t"] == "HELLO"


def _own_port() -> int:
    """One that no other demo takes while this one is away, nor the system for somebody's connection."""
    for port in range(20_000, 30_000):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


async def test_the_demo_ends_and_comes_back(tmp_path: Path, browser: Browser) -> None:
    async with Demo(tmp_path) as program, await browser.new_page() as page:
        port = str(_own_port())
        address = await program.start("--port", port)
        await page.goto(address)
        await page.wait_for_selector("#presence.online")
        assert "ssh -L" in (await program.stop())[0]
        await expect(page.locator("#ended")).to_have_text("The demo has ended or cannot be reached. Trying again…")
        await page.get_by_test_id("composer").fill("still here?")
        await page.keyboard.press("Enter")
        await expect(page.locator("#problem")).to_have_text("The demo cannot be reached, so nothing was sent.")
        await expect(page.get_by_test_id("composer")).to_have_value("still here?")
        assert await program.start("--port", port) == address
        await page.wait_for_selector("#presence.online")
        await expect(page.locator("#ended")).not_to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("content")).to_have_text("still here?")
        await program.stop()


async def test_songs_in_a_forum_are_posts_that_can_be_opened(page: Page) -> None:
    await page.get_by_test_id("channel-song-box").click()
    await expect(page.locator("#messages")).to_contain_text("No posts yet")
    await expect(page.get_by_test_id("composer")).to_be_disabled()
    await page.get_by_test_id("channel-songs").click()
    await page.get_by_test_id("composer").fill("/suno watch ids:5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b channel:song-box")
    await page.keyboard.press("Enter")
    await page.get_by_test_id("channel-song-box").click()
    posts = page.locator(".posts button")
    await expect(posts).to_have_text(["Harbour Lights (2)folk", "Harbour Lights (1)folk"], timeout=15_000)
    await page.get_by_test_id("locale-switch").select_option("zh-CN")
    await expect(page.locator("#messages")).to_contain_text("点击帖子即可打开。")
    await posts.last.click()
    await expect(page.locator(".message")).to_have_count(1)
    await expect(page.locator(".message [data-file]")).to_have_count(1)
    await expect(page.locator("#channel-hint")).to_have_text("song-box 中的帖子")
    await expect(page.get_by_test_id("composer")).to_be_enabled()

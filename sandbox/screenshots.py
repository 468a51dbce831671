"""`make screenshots`: takes pictures of the demo's answers for the documentation, in both languages."""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import FloatRect, Locator, Page, ViewportSize, async_playwright

from bot.ui.render.locales import Language, language_for
from sandbox.library import PLAYLIST
from sandbox.local_gateway.demo import demo_tasks

_FOLDER = Path(__file__).parents[1] / "docs" / "images"
_LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
_SHOTS = {
    "finished": "5f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b",
    "running": "6f708192a3b4c5d6e7f8091a2b3c4d5e",
    "streaming": "suno_task_4d5e6f70a1",
    "partly": "92a3b4c5-d6e7-4f80-9192-a3b4c5d6e7f8",
    "failed": "a3b4c5d6e7f8091a2b3c4d5e6f708192",
    "lyrics-task": "8192a3b4-c5d6-4e7f-8081-92a3b4c5d6e7",
    "unknown-id": "00000000-0000-4000-8000-000000000000",
}


_WATCHED = "task_W4tchMeGr0wW1thAL1veCard000001"
_COMMANDS = {
    "batch": "/suno batch ids:" + " ".join(task.fake.id for task in demo_tasks()),
    "watch-blocked": f"/suno watch ids:{_SHOTS['finished']} channel:notices",
    "watches": "/suno watches",
    "library": "/suno library",
    "playlist": f"/suno playlist show name:{PLAYLIST}",
    "playlists": "/suno playlist show",
    "settings": "/suno settings",
    "help": "/suno help",
    "admin-setup": "/suno-admin setup",
    "admin-check": "/suno-admin check",
    "admin-deliveries": "/suno-admin deliveries",
}

_SCREEN = ViewportSize(width=1240, height=1100)
_TALL = ViewportSize(width=1240, height=2400)  # the longest message must fit, or the page's header covers its beginning


async def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed: on Debian, apt install chromium fonts-noto-cjk fonts-noto-color-emoji")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for tag, locale in _LANGUAGES.items():
            async with _demo(locale) as address:
                page = await browser.new_page(viewport=_SCREEN, color_scheme="dark")
                await page.goto(address)
                await page.wait_for_selector("#presence.online")
                await _take_all(page, tag, locale)
                await _take_watched(page, tag, language_for(locale))
                await page.close()
        await browser.close()


@asynccontextmanager
async def _demo(locale: str) -> AsyncIterator[str]:
    """The address of a fresh demo in that language, so that both start from the same state."""
    command = (sys.executable, "-m", "bot", "demo", "--no-browser", "--language", locale)
    demo = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    try:
        line = (await demo.stdout.readline()).decode() if demo.stdout else ""
        yield line.rpartition(" ")[2].strip()
    finally:
        demo.terminate()
        await demo.wait()


async def _take_all(page: Page, tag: str, locale: str) -> None:
    await page.get_by_test_id("locale-switch").select_option(locale)
    await page.wait_for_timeout(300)
    for name, task_id in _SHOTS.items():
        await _take(await _answer(page, task_id), f"status-{name}.{tag}")
        if name == "finished":
            await page.screenshot(path=_FOLDER / f"demo.{tag}.png")
            await page.locator(".message").last.locator("button", has_text="📝").click()
            await page.wait_for_timeout(600)
            await _take(page.locator(".message").last, f"lyrics.{tag}")
    await _take(await _said(page, f"/suno watch ids:{_WATCHED} live:True"), f"watch.{tag}")
    for name, line in _COMMANDS.items():
        await _take(await _said(page, line), f"{name}.{tag}")
    await page.get_by_test_id("composer").fill("/suno status ")
    await page.get_by_test_id("choice").first.wait_for()
    await _with_its_list(page, f"composer.{tag}")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")


async def _take_watched(page: Page, tag: str, language: Language) -> None:
    """A song that was posted for a watch, its live card, and the song when its maker has chosen a take; a chart."""
    song = page.locator(".message", has=page.locator("button", has_text="📌")).first
    await song.wait_for(timeout=60_000)
    await page.wait_for_timeout(18_000)
    await _take(song, f"watched-song.{tag}")
    await _take(page.locator(".message", has=page.locator(".content", has_text="➡️")).first, f"watched-card.{tag}")
    await song.locator("button", has_text="📌").click()
    await page.locator(".message").last.locator("button", has_text=language("btn.take", n=2)).click()
    await song.filter(has_text=language("library.chosen", n=2)).wait_for()
    await _take(song, f"chosen-take.{tag}")
    await page.get_by_test_id("channel-releases").click()
    await _take(page.locator(".message", has_text="🏆").first, f"chart.{tag}")


async def _answer(page: Page, task_id: str) -> Locator:
    return await _said(page, f"/suno status id:{task_id}")


async def _said(page: Page, line: str) -> Locator:
    """The answer to a typed command."""
    answers = page.locator(".message:has(.above)")
    before = await answers.count()
    await page.get_by_test_id("composer").fill(line)
    await page.keyboard.press("Enter")
    answer = answers.nth(before)
    await answer.locator(".embed, .content").first.wait_for()
    await page.wait_for_timeout(700)
    return answer


async def _with_its_list(page: Page, name: str) -> None:
    """Includes the list above the input line."""
    boxes = [await page.locator(each).bounding_box() for each in ("#popup", "#line")]
    above, line = [box for box in boxes if box]
    height = line["y"] + line["height"] - above["y"]
    clip: FloatRect = {"x": line["x"], "y": above["y"], "width": line["width"], "height": height}
    await page.screenshot(path=_FOLDER / f"{name}.png", clip=clip)


async def _take(answer: Locator, name: str) -> None:
    await answer.page.mouse.move(0, 0)  # hover effects would be in the picture
    await answer.page.set_viewport_size(_TALL)
    await answer.scroll_into_view_if_needed()
    await answer.screenshot(path=_FOLDER / f"{name}.png")
    await answer.page.set_viewport_size(_SCREEN)


if __name__ == "__main__":
    asyncio.run(main())

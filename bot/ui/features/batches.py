"""/suno batch: many tasks, fetched in few requests and listed in pages that still work after a restart."""

import csv
import io
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import discord
from msgspec.structs import replace

from bot.client import Interaction, Services
from bot.domain.batch import ODD, PARTIAL, UNANSWERED, UNKNOWN, Batch, BatchEntry, counts, of_kind, unfinished
from bot.domain.ids import Ids
from bot.domain.task import Status, TaskKind
from bot.errors import ListGone, UnreadableFile
from bot.services.archives.songs import ArchiveSong
from bot.services.batches import MAX_IDS
from bot.ui.features.archives import send_archive
from bot.ui.features.status import show_found
from bot.ui.features.watch import watch_here
from bot.ui.interactions.access import language_of
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.forms import Form
from bot.ui.interactions.typed_ids import mentioned_ids, several_ids
from bot.ui.render import actions
from bot.ui.render.components import TaskSelect, button, page_buttons, rows_of
from bot.ui.render.locales import Language
from bot.ui.render.payloads import PagePayload, TaskPayload
from bot.ui.render.text import clean, code, cut, named, one_line, plain_line

_PAGE = 10  # tasks
_PROGRESS_AFTER = 2.0  # seconds until the answer shows the progress
MAX_FILE = 1024 * 1024  # bytes
_READABLE = (".txt", ".csv", ".json", ".log", ".md")
_TITLE, _REASON, _STATE = 60, 100, 60  # characters
_NAMED = 10  # ignored words that are stored
_EXACT_DIGITS = 15  # of a number in a spreadsheet
_EMOJI = {
    Status.DONE: "✅", PARTIAL: "⚠️", Status.RUNNING: "🎛️", Status.WAITING: "⏳", Status.FAILED: "❌", ODD: "❔",
    UNKNOWN: "🚫", UNANSWERED: "🔌",
}  # fmt: skip


async def batch(
    interaction: Interaction, typed: str | None, file: discord.Attachment | None, action: str | None, *, private: bool
) -> None:
    """From an option, a file, or both; without either, it opens a form. `private`: only the person sees the answer."""
    kind = TaskKind(action) if action else None
    if typed is None and file is None:
        await interaction.response.send_modal(BatchForm(language_of(interaction), kind, private=private))
        return
    await interaction.response.defer(ephemeral=private, thinking=True)
    await _answer(interaction, typed or "", [file] if file else [], kind)


class BatchForm(Form):
    """A text field for ids, or a file that contains them."""

    def __init__(self, language: Language, kind: TaskKind | None, *, private: bool) -> None:
        super().__init__(language("modal.batch.title"))
        self._kind = kind
        self._private = private
        self._ids: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph, required=False, max_length=4_000
        )
        self._file: discord.ui.FileUpload[Any] = discord.ui.FileUpload(required=False, max_values=1)
        described = language("modal.batch.desc")
        self.add_item(discord.ui.Label(text=language("modal.batch.label"), description=described, component=self._ids))
        self.add_item(discord.ui.Label(text=language("modal.batch.file"), component=self._file))

    async def handle_submit(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=self._private, thinking=True)
        await _answer(interaction, self._ids.value, self._file.values, self._kind)


async def _answer(
    interaction: Interaction, typed: str, files: Sequence[discord.Attachment], kind: TaskKind | None
) -> None:
    services = interaction.client.services
    if files:
        text = "\n".join([typed, *[await read_file(file) for file in files]])
        ids = await mentioned_ids(services, text, "none")
    else:
        ids = await several_ids(services, typed)
    await show_batch(interaction, ids, kind)


def is_readable(file: discord.Attachment) -> bool:
    return file.filename.lower().endswith(_READABLE)


async def read_file(file: discord.Attachment) -> str:
    """Its text, decoded as UTF-16 or UTF-8. Raises UnreadableFile."""
    if not is_readable(file):
        raise UnreadableFile("kind", file.filename)
    if file.size > MAX_FILE:
        raise UnreadableFile("large", file.filename)
    content = await file.read()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding, "replace")


async def show_batch(interaction: Interaction, ids: Ids, kind: TaskKind | None = None) -> None:
    """Fetches the tasks, stores the list and shows it; shows the progress when that takes long."""
    language = language_of(interaction)
    began = time.monotonic()

    async def show_progress(done: int, of: int) -> None:
        if time.monotonic() - began > _PROGRESS_AFTER and done < of:
            await interaction.edit_original_response(content=language("batch.fetching", n=done, all=of))

    batch = await fetched(interaction.client.services, interaction.user.id, ids, kind, show_progress)
    await interaction.edit_original_response(content=None, view=list_view(batch, 0, language))


async def fetched(
    services: Services,
    user_id: int,
    ids: Ids,
    kind: TaskKind | None = None,
    show_progress: Callable[[int, int], Awaitable[None]] | None = None,
) -> Batch:
    """A new list, stored. Ids beyond MAX_IDS are ignored and counted.

    Calls `show_progress(done, of)` after each part.
    """
    wanted = ids.ids[:MAX_IDS]
    entries: list[BatchEntry] = []
    async with aclosing(services.batches.fetch(wanted, user_id)) as fetching:
        async for some in fetching:
            entries += some
            if show_progress:
                await show_progress(len(entries), len(wanted))
    batch = Batch(
        id=secrets.token_urlsafe(9),
        user_id=user_id,
        entries=of_kind(entries, kind),
        ignored=ids.ignored + len(ids.ids) - len(wanted),
        words=(*ids.words, *ids.ids[MAX_IDS : MAX_IDS + _NAMED])[:_NAMED],
        created_at=services.now(),
    )
    await services.batches.save(batch)
    return batch


def list_view(batch: Batch, page: int, language: Language) -> discord.ui.LayoutView:
    """One page of it; pages beyond the last show the last."""
    pages = max(1, -(-len(batch.entries) // _PAGE))
    page = min(page, pages - 1)
    shown = batch.entries[page * _PAGE : (page + 1) * _PAGE]
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(_headline(batch, language)))
    if not shown:
        return view
    rows = [_row(number, entry, language) for number, entry in enumerate(shown, page * _PAGE + 1)]
    view.add_item(discord.ui.TextDisplay("\n".join(rows)))
    view.add_item(discord.ui.ActionRow(_select(batch, shown, language)))
    turn = page_buttons(actions.BATCH_PAGE, partial(PagePayload, batch.id), page, pages)
    tools = [button(actions.BATCH_REFRESH, PagePayload(batch.id, page), language)]
    if waiting := unfinished(batch.entries):
        tools.append(button(actions.BATCH_WATCH, PagePayload(batch.id), language, n=len(waiting)))
    tools.append(button(actions.BATCH_CSV, PagePayload(batch.id), language))
    if any(entry.links for entry in shown):
        tools.append(button(actions.BATCH_ZIP, PagePayload(batch.id, page), language))
    if pages > 1:
        view.add_item(discord.ui.TextDisplay(f"-# {language('list.page', page=page + 1, pages=pages)}"))
    for row in rows_of([*(turn if pages > 1 else []), *tools]):
        view.add_item(row)
    return view


def _headline(batch: Batch, language: Language) -> str:
    found = " · ".join(f"{_EMOJI[state]} {count}" for state, count in counts(batch.entries))
    lines = [f"## {language('batch.title', n=len(batch.entries))}{' · ' if found else ''}{found}"]
    if batch.ignored:
        words = named(batch.words, batch.ignored)
        lines.append(f"-# {language('batch.ignored', n=batch.ignored, most=MAX_IDS, words=words)}")
    return "\n".join(lines)


def _row(number: int, entry: BatchEntry, language: Language) -> str:
    title = f"**{one_line(entry.title, _TITLE)}**" if entry.title else f"`{code(entry.id)}`"
    notes = [_state_word(entry, language)]
    if entry.arrived or (entry.songs and entry.state in (Status.DONE, PARTIAL)):
        key = "batch.songs" if entry.arrived == entry.songs else "batch.songs_some"
        notes.append(language(key, n=entry.songs, ok=entry.arrived))
    if entry.progress is not None:
        notes.append(f"{entry.progress:.0f}%")
    if entry.reason:
        notes.append(one_line(entry.reason, _REASON))
    if entry.title:
        notes.append(f"`{cut(entry.id, 12)}`")
    return " · ".join([f"{number}. {_EMOJI[entry.state]} {title}", *notes])


def _state_word(entry: BatchEntry, language: Language) -> str:
    """The same as on the task's card."""
    if entry.state in (UNKNOWN, UNANSWERED):
        return language(f"batch.{entry.failure or entry.state}")
    if entry.state == ODD:
        return language("st.unknown", raw=one_line(entry.raw_state, _STATE))
    return language(f"st.{entry.state}")


def _select(batch: Batch, shown: Sequence[BatchEntry], language: Language) -> TaskSelect:
    options = [
        discord.SelectOption(
            label=plain_line(entry.title, 100) or entry.id,
            value=entry.id,
            description=cut(entry.id, 100),
            emoji=_EMOJI[entry.state],
        )
        for entry in shown
    ]
    return TaskSelect(discord.ui.Select(placeholder=language("batch.open"), options=options), batch.id)


async def _stored(interaction: Interaction, batch_id: str) -> Batch:
    """Raises ListGone."""
    batch = await interaction.client.services.batches.get(batch_id)
    if batch is None:
        raise ListGone
    return batch


async def _show_page(interaction: Interaction, batch: Batch, page: int) -> None:
    """Edits the message for the list's owner; anyone else gets a private copy."""
    language = language_of(interaction)
    if batch.user_id != interaction.user.id:
        services = interaction.client.services
        own = replace(batch, id=secrets.token_urlsafe(9), user_id=interaction.user.id, created_at=services.now())
        await services.batches.save(own)
        await interaction.followup.send(view=list_view(own, page, language), ephemeral=True)
    else:
        await interaction.edit_original_response(view=list_view(batch, page, language))


@on_press(actions.BATCH_PAGE)
async def turn_page(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    await _show_page(interaction, await _stored(interaction, payload.about), payload.page)


@on_press(actions.BATCH_REFRESH)
async def refresh(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer()
    batch = await _stored(interaction, payload.about)
    wanted = [entry.id for entry in batch.entries]
    async with aclosing(interaction.client.services.batches.fetch(wanted, interaction.user.id)) as fetching:
        fetched = [entry async for some in fetching for entry in some]
    # Where a gateway does not answer now, the earlier entry stays.
    entries = tuple(new if new.state != UNANSWERED else old for old, new in zip(batch.entries, fetched, strict=True))
    fresh = replace(batch, entries=entries)
    if batch.user_id == interaction.user.id:
        await interaction.client.services.batches.save(fresh)
    await _show_page(interaction, fresh, payload.page)


@on_press(actions.BATCH_WATCH)
async def watch_unfinished(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    batch = await _stored(interaction, payload.about)
    if waiting := unfinished(batch.entries):
        await watch_here(interaction, waiting)
    else:
        language = language_of(interaction)
        await interaction.edit_original_response(content=language("batch.all_finished"))


@on_press(actions.BATCH_CSV)
async def send_csv(interaction: Interaction, payload: PagePayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    batch = await _stored(interaction, payload.about)
    file = discord.File(io.BytesIO(_csv(batch.entries, language_of(interaction))), "tasks.csv")
    await interaction.edit_original_response(attachments=[file])


def _csv(entries: Sequence[BatchEntry], language: Language) -> bytes:
    """States and counts as in the list. UTF-8 with a byte order mark: without it spreadsheets garble Chinese."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "state", "kind", "title", "songs", "progress", "reason", "gateway", "audio"])
    for each in entries:
        progress = "" if each.progress is None else f"{each.progress:.0f}"
        state = _state_word(each, language)
        fields = [each.id, state, each.kind, each.title, each.arrived, progress, each.reason, each.gateway]
        writer.writerow([_harmless(clean(str(field))) for field in (*fields, " ".join(each.links))])
    return text.getvalue().encode("utf-8-sig")


def _harmless(field: str) -> str:
    """Spreadsheets read text that starts with these characters as a formula, some also the full-width forms; and they
    round long numbers.
    """
    formula = field.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    return f"'{field}" if formula or (field.isdigit() and len(field) > _EXACT_DIGITS) else field


@on_press(actions.BATCH_ZIP)
async def send_zip(interaction: Interaction, payload: PagePayload) -> None:
    """The finished songs of a page."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    batch = await _stored(interaction, payload.about)
    page = min(payload.page, max(0, len(batch.entries) - 1) // _PAGE)
    songs = [
        ArchiveSong(task_id=entry.id, number=number, gateway=entry.gateway, title=entry.title)
        for entry in batch.entries[page * _PAGE : (page + 1) * _PAGE]
        if entry.links
        for number in range(1, entry.songs + 1)
    ]
    await send_archive(interaction, songs, "songs")


@on_press(actions.BATCH_OPEN)
async def open_task(interaction: Interaction, payload: TaskPayload) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    await show_found(interaction, payload.task_id)

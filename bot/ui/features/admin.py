"""/suno-admin: settings and checks of a server, for its managers."""

import unicodedata
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import discord
from msgspec.structs import replace

from bot.client import Interaction
from bot.domain.charts import ChartState
from bot.domain.delivery import State
from bot.domain.preferences import ServerSettings
from bot.errors import GatewayRefused, UnreadableNumber
from bot.ui.interactions.access import language_of, managed_guild
from bot.ui.interactions.dispatch import on_press
from bot.ui.interactions.errors import sentence
from bot.ui.interactions.forms import Form
from bot.ui.interactions.permissions import Postable, in_words, missing_in
from bot.ui.outgoing.forums import open_post
from bot.ui.render import actions
from bot.ui.render.components import Picker, button, language_buttons, locale_of_tag, rows_of
from bot.ui.render.key_usage import why_refused
from bot.ui.render.locales import Language, language_for
from bot.ui.render.payloads import ChoicePayload, NoPayload
from bot.ui.render.text import code, cut

_PAGE = 5  # deliveries, with two buttons each
_MAX_TEXT = 3_800  # characters in all texts of a card
_MAX_LINES = 1_700  # characters of the 2,000 of a message; the others are for the closing line
_GATEWAYS, _GATEWAY = 3, 500  # failing gateways that are shown, and the characters for each
_UNPOSTED_CHART = {State(each): each for each in (ChartState.WAITING, ChartState.BLOCKED, ChartState.FAILED)}
_STATE_EMOJI = {State.WAITING: "⏳", State.BLOCKED: "⛔", State.SENT: "✅", State.KEPT: "📭", State.FAILED: "⚠️"}


async def _server(interaction: Interaction) -> ServerSettings:
    return await interaction.client.services.preferences.server(managed_guild(interaction).id)


async def show_setup(interaction: Interaction) -> None:
    await interaction.edit_original_response(view=_panel(await _server(interaction), language_of(interaction)))


def _panel(server: ServerSettings, language: Language) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay(f"## 🛠️ {language('admin.title')}"))
    plain = [discord.ChannelType.text, discord.ChannelType.news]
    for name, chosen, kinds in (
        ("channel", server.channel_id, [*plain, discord.ChannelType.forum]),
        ("errors", server.error_channel_id, plain),
    ):
        view.add_item(discord.ui.TextDisplay(f"**{language(f'admin.{name}')}**"))
        defaults = [discord.Object(chosen)] if chosen else []
        select: Any = discord.ui.ChannelSelect(channel_types=kinds, min_values=0, default_values=defaults)
        view.add_item(discord.ui.ActionRow(Picker(select, name)))
    view.add_item(discord.ui.TextDisplay(f"**{language('admin.roles')}**"))
    roles: Any = discord.ui.RoleSelect(
        min_values=0, max_values=25, default_values=[discord.Object(role) for role in server.roles[:25]]
    )
    view.add_item(discord.ui.ActionRow(Picker(roles, "roles")))
    view.add_item(discord.ui.TextDisplay(f"**{language('admin.language')}**"))
    for row in rows_of(language_buttons(actions.ADMIN_LANGUAGE, ChoicePayload, server.locale, language)):
        view.add_item(row)
    limit = server.watches_per_user or language("admin.no_limit")
    state = [language(f"admin.audio_{int(server.audio)}"), language("admin.limit", limit=limit)]
    state.append(language(f"admin.playlists_{int(server.open_playlists)}"))
    state += [language("admin.is_paused")] if server.paused else []
    view.add_item(discord.ui.TextDisplay("\n".join(state)))
    bound = (actions.ADMIN_AUDIO, actions.ADMIN_LIMIT, actions.ADMIN_PLAYLISTS, actions.ADMIN_TEST)
    return view.add_item(discord.ui.ActionRow(*(button(action, NoPayload("server"), language) for action in bound)))


async def _save(interaction: Interaction, server: ServerSettings) -> None:
    await interaction.client.services.preferences.save_server(server)
    await show_setup(interaction)


@on_press(actions.ADMIN_LANGUAGE)
async def choose_language(interaction: Interaction, payload: ChoicePayload) -> None:
    await interaction.response.defer()
    await _save(interaction, replace(await _server(interaction), locale=locale_of_tag(payload.choice)))


@on_press(actions.ADMIN_AUDIO)
async def toggle_audio(interaction: Interaction, _: NoPayload) -> None:
    await interaction.response.defer()
    server = await _server(interaction)
    await _save(interaction, replace(server, audio=not server.audio))


@on_press(actions.ADMIN_PLAYLISTS)
async def toggle_playlists(interaction: Interaction, _: NoPayload) -> None:
    await interaction.response.defer()
    server = await _server(interaction)
    await _save(interaction, replace(server, open_playlists=not server.open_playlists))


@on_press(actions.PICK)
async def pick(interaction: Interaction, payload: ChoicePayload) -> None:
    """A channel or roles, chosen in the panel. The values can be forged: they are ignored unless all of them belong to
    the server.
    """
    await interaction.response.defer()
    data: Mapping[str, Any] = dict(interaction.data or {})
    guild, server = managed_guild(interaction), await _server(interaction)
    theirs = {str(each.id): each.id for each in (*guild.channels, *guild.roles)}
    chosen = data.get("values", ())
    if not theirs.keys() >= set(chosen):
        await show_setup(interaction)
        return
    values = [theirs[each] for each in chosen]
    first = values[0] if values else None
    changed = {
        "channel": replace(server, channel_id=first),
        "errors": replace(server, error_channel_id=first),
        "roles": replace(server, roles=tuple(values)),
    }
    await _save(interaction, changed.get(payload.choice, server))


class LimitForm(Form):
    """How many tasks one person may watch in this server."""

    def __init__(self, language: Language, server: ServerSettings) -> None:
        super().__init__(language("admin.limit_title"))
        self._limit: discord.ui.TextInput[Any] = discord.ui.TextInput(
            required=False, max_length=6, default=str(server.watches_per_user or "")
        )
        self.add_item(discord.ui.Label(text=language("admin.limit_label"), component=self._limit))

    async def handle_submit(self, interaction: Interaction) -> None:
        limit = read_limit(self._limit.value)
        await interaction.response.defer()
        await _save(interaction, replace(await _server(interaction), watches_per_user=limit))


def read_limit(typed: str) -> int | None:
    """None when nothing was typed. Raises UnreadableNumber unless it is a whole number of 1 or more."""
    typed = unicodedata.normalize("NFKC", typed).strip()
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or not int(typed):
        raise UnreadableNumber(typed)
    return int(typed)


@on_press(actions.ADMIN_LIMIT)
async def ask_limit(interaction: Interaction, _: NoPayload) -> None:
    await interaction.response.send_modal(LimitForm(language_of(interaction), await _server(interaction)))


@on_press(actions.ADMIN_TEST)
async def send_test(interaction: Interaction, _: NoPayload) -> None:
    """Posts a real message in the channel where songs would go."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    guild, language = managed_guild(interaction), language_of(interaction)
    server = await _server(interaction)
    channel = guild.get_channel_or_thread(server.channel_id or interaction.channel_id or 0)
    if not isinstance(channel, Postable):
        text = language("admin.no_channel")
    elif missing := missing_in(channel):
        text = language("admin.test_perm", channel=channel.mention, perms=in_words(missing, language))
    else:
        public = language_for(server.locale or guild.preferred_locale.value)
        await _post_test(channel, public)
        text = language("admin.tested", channel=channel.mention)
    await interaction.edit_original_response(content=text)


async def _post_test(channel: Postable, language: Language) -> None:
    if isinstance(channel, discord.ForumChannel):
        await open_post(channel, language("admin.test_name"), "", content=language("admin.test"))
    else:
        await channel.send(language("admin.test"))


async def check(interaction: Interaction, channel_id: int | None) -> None:
    """Shows the missing permissions of each channel, and which role or member denies them."""
    guild, language = managed_guild(interaction), language_of(interaction)
    every = (*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.forums, *guild.threads)
    channels = [guild.get_channel_or_thread(channel_id)] if channel_id else every
    checked = [_checked(channel, language) for channel in channels if isinstance(channel, Postable)]
    lacking = [line for line in checked if line]
    good = len(checked) - len(lacking)
    gateways = await _gateways(interaction, language)
    shown = gateways + _fitting(lacking, language, _MAX_LINES - sum(len(line) + 1 for line in gateways))
    shown += [language("admin.check_good", n=good)] if good else []
    text = "\n".join(shown) or language("admin.no_channel")
    await interaction.edit_original_response(content=text)


def _checked(channel: Postable, language: Language) -> str | None:
    missing = missing_in(channel)
    return f"⚠️ {channel.mention}: {in_words(missing, language)}" if missing else None


async def _gateways(interaction: Interaction, language: Language) -> list[str]:
    """Gateways whose last answer was not usable, and why."""
    lines = []
    for gateway, failure in interaction.client.services.lookup.failing()[:_GATEWAYS]:
        usage = await gateway.usage() if isinstance(failure, GatewayRefused) else None
        what = [sentence(failure, language) or "", *why_refused(failure.words, usage, language)]
        lines.append(cut(language("admin.gateway", gateway=code(gateway.name), what=" ".join(what)), _GATEWAY))
    return lines


def _fitting(lines: Sequence[str], language: Language, room: int) -> list[str]:
    """As many lines as fit into `room` characters, and how many more there are."""
    count = sum(length <= room for length in accumulate(len(line) + 1 for line in lines))
    more = len(lines) - count
    return [*lines[:count], *([language("admin.check_more", n=more)] if more else [])]


async def pause(interaction: Interaction, *, paused: bool) -> None:
    server = await _server(interaction)
    await interaction.client.services.preferences.save_server(replace(server, paused=paused))
    text = language_of(interaction)("admin.paused" if paused else "admin.resumed")
    await interaction.edit_original_response(content=text)


async def report_if_paused(interaction: Interaction) -> None:
    """Sent after an answer that does not show it."""
    if (await _server(interaction)).paused:
        await interaction.followup.send(language_of(interaction)("admin.is_paused"), ephemeral=True)

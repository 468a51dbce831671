"""/suno-admin: commands for managers of a server."""

from typing import Literal

from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, SunoBot
from bot.ui.features import admin, charts, deliveries, watch_list
from bot.ui.features.create import lists as order_lists
from bot.ui.features.create import panel
from bot.ui.render.locales import localised
from cogs.channels import MessageChannel, PostableChannel


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Admin(commands.GroupCog, group_name="suno-admin", group_description=localised("cmd.admin")):
    @app_commands.command(name="setup", description=localised("admin.setup"))
    async def setup(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await admin.show_setup(interaction)

    @app_commands.command(name="check", description=localised("admin.check"))
    @app_commands.describe(channel=localised("opt.check"))
    async def check(self, interaction: Interaction, channel: PostableChannel | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await admin.check(interaction, channel.id if channel else None)

    @app_commands.command(name="deliveries", description=localised("admin.deliveries"))
    @app_commands.describe(state=localised("opt.state"))
    @app_commands.choices(
        state=[
            app_commands.Choice(name=localised(f"state.{state}"), value=state)
            for state in ("open", "waiting", "blocked", "kept", "failed", "sent")
        ]
    )
    async def deliveries(
        self, interaction: Interaction, state: Literal["open", "waiting", "blocked", "kept", "failed", "sent"] = "open"
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await deliveries.show_deliveries(interaction, state)

    @app_commands.command(name="watches", description=localised("admin.watches"))
    async def watches(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await watch_list.show_watches(interaction, "server")
        await admin.report_if_paused(interaction)

    @app_commands.command(name="charts", description=localised("admin.charts"))
    @app_commands.describe(
        channel=localised("opt.chart_channel"), day=localised("opt.chart_day"), hour=localised("opt.chart_hour")
    )
    @app_commands.choices(
        day=[app_commands.Choice(name=localised(f"day.{number}"), value=number) for number in range(7)]
    )
    async def charts(
        self,
        interaction: Interaction,
        channel: MessageChannel | None = None,
        day: int | None = None,
        hour: app_commands.Range[int, 0, 23] | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await charts.set_chart(interaction, channel.id if channel else None, day, hour)

    @app_commands.command(name="create", description=localised("admin.create"))
    async def create(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await panel.show_panel(interaction)

    @app_commands.command(name="orders", description=localised("admin.orders"))
    async def orders(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await order_lists.show_orders(interaction, "open")

    @app_commands.command(name="pause", description=localised("admin.pause"))
    async def pause(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await admin.pause(interaction, paused=True)

    @app_commands.command(name="resume", description=localised("admin.resume"))
    async def resume(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await admin.pause(interaction, paused=False)


async def setup(bot: SunoBot) -> None:
    await bot.add_cog(Admin())

"""Slash commands, loaded by name: each declares, defers, calls one service or answer, and shows nothing itself."""

EXTENSIONS = ("cogs.suno", "cogs.message_triggers", "cogs.admin")

"""Slash commands, loaded by name: each declares its options, defers, and calls one function of bot/ui/features."""

EXTENSIONS = ("cogs.suno", "cogs.message_triggers", "cogs.admin")

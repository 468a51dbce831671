"""/suno library: songs are found again, opened, starred and removed. All of it is imported, since presses reach it."""

from bot.ui.features.library import archive, card, find, stars, takes

__all__ = ["archive", "card", "find", "stars", "takes"]

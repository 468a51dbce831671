"""/suno library: songs are found again, opened, starred and removed. All of it is imported, since presses reach it."""

from bot.ui.features.library import card, find, stars

__all__ = ["card", "find", "stars"]

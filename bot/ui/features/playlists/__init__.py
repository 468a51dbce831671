"""/suno playlist: songs in lists of people and servers. All of it is imported, since presses reach it."""

from bot.ui.features.playlists import change, choices, show

__all__ = ["change", "choices", "show"]

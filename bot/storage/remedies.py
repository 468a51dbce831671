"""What to do about SQLite's errors."""

_REMEDIES = {
    "not a database": "Restore a backup, or set another DATABASE_URL",
    "malformed": "Restore a backup",
    "no such": "It is damaged: restore a backup",
    "full": "Make room on its disk",
    "readonly": "Give the file and its folder to the user that runs the bot",
    "unable to open": "Give the file and its folder to the user that runs the bot",
    "locked": "Another program is using it: stop that program",
    "disk I/O": "Look at its disk: it may be full or broken",
}


def with_remedy(error: object) -> str:
    """SQLite's own message and what to do, as the end of a sentence."""
    text = str(error)
    return next((f"{text}. {remedy}" for words, remedy in _REMEDIES.items() if words in text), text)

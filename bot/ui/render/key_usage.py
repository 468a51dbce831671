"""What a gateway reports about the key, as text for operators and managers."""

import time

from bot.gateways.account import KeyUsage
from bot.ui.render.locales import Language
from bot.ui.render.text import code, one_line

_MAX_WORDS = 150  # characters of a gateway's own words


def why_refused(said: str, usage: KeyUsage | None, language: Language) -> list[str]:
    """The gateway's own words, and what it reports about the key, which may be the reason."""
    words = [language("operator.says", words=one_line(said, _MAX_WORDS))] if said else []
    return words + (_key_notes(usage, language) if usage else [])


def _key_notes(usage: KeyUsage, language: Language) -> list[str]:
    used = f"{usage.used:,.0f}"
    if usage.left is None:
        notes = [language("key.unlimited", used=used)]
    elif usage.left <= 0:
        notes = [language("key.spent", used=used)]
    else:
        notes = [language("key.left", left=f"{usage.left:,.0f}", used=used)]
    if usage.expires_at is not None and usage.expires_at <= time.time():
        notes.append(language("key.expired", when=f"<t:{usage.expires_at:.0f}:R>"))
    if usage.models is not None:
        notes.append(language("key.models", models=", ".join(f"`{code(each)}`" for each in usage.models) or "–"))
    return notes

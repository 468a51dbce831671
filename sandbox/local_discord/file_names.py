"""How Discord changes file names."""

import re
import unicodedata


def sanitised(name: str) -> tuple[str, str]:
    """The sanitised name, and the title that is shown instead if characters were removed.

    Discord keeps ASCII letters and digits, dots, dashes and underscores, replaces spaces with underscores, and strips
    dots and underscores at both ends, like Werkzeug's `secure_filename`. The title is the name without its extension.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    joined = "_".join(re.sub(r"[/\\]", " ", plain).split())
    kept = re.sub(r"[^A-Za-z0-9_.-]", "", joined).strip("._") or "unknown"
    return kept, "" if kept == name else name.rpartition(".")[0] or name

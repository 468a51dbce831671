"""What Discord makes of the names of files."""

import re
import unicodedata


def sanitised(name: str) -> tuple[str, str]:
    """The file name that is left of a name, and the title that is shown in its place where something was lost.

    Discord keeps letters and digits of ASCII, dots, dashes and underscores, makes spaces underscores, and strips dots
    and underscores at either end (as Werkzeug's `secure_filename` does); the title is the name without its extension.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    joined = "_".join(re.sub(r"[/\\]", " ", plain).split())
    kept = re.sub(r"[^A-Za-z0-9_.-]", "", joined).strip("._") or "unknown"
    return kept, "" if kept == name else name.rpartition(".")[0] or name

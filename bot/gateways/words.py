"""Every status word and number that gateways use, and what it means."""

from typing import Any, NamedTuple

from bot.domain.task import Status
from bot.gateways.fields import as_text

_WORDS = {
    Status.WAITING: "not_start not_started submitted submitting queued queueing pending waiting created 10",
    Status.RUNNING: "in_progress processing running staged streaming generating started unknown 20",
    Status.DONE: "success succeeded successful complete completed done finished 30",
    Status.FAILED: "failure failed fail error errored timeout timed_out cancelled canceled rejected 40",
}
_MEANING = {word: status for status, words in _WORDS.items() for word in words.split()}


class Word(NamedTuple):
    """A status as it was said. `status` is None where nothing was said."""

    raw: str
    status: Status | None
    recognised: bool

    @property
    def final(self) -> bool:
        return self.status is not None and self.status.final


def read_word(value: Any) -> Word:
    """A word that we do not know is taken for "running": it must not end a task."""
    raw = as_text(value).strip()
    if not raw:
        return Word("", None, recognised=True)
    status = _MEANING.get(raw.lower().replace("-", "_").replace(" ", "_"))
    return Word(raw, status or Status.RUNNING, recognised=status is not None)

"""All status words and numbers that gateways use, and their meaning."""

import re
from typing import Any, NamedTuple

from bot.domain.task import Status
from bot.gateways.fields import as_text

_WORDS = {
    Status.WAITING: "not_start not_started submitted submitting queued queueing queuing in_queue on_queue pending "
    "waiting created 10 等待 等待中 排队 排队中 已提交 未开始",
    Status.RUNNING: "in_progress inprogress processing running staged streaming generating started unknown active "
    "text text_success first first_success retrying 20 处理中 进行中 生成中 运行中 执行中",
    Status.DONE: "success succeeded succeed successful complete completed done finished finish 30 "
    "成功 完成 已完成 已成功 生成成功",
    Status.FAILED: "failure failed fail error errored timeout timed_out cancelled canceled rejected 40 "
    "create_task_failed generate_audio_failed generate_lyrics_failed sensitive_word_error "
    "失败 已失败 生成失败 错误 超时 已取消",
}
_MEANING = {word: status for status, words in _WORDS.items() for word in words.split()}

# Words that say that an entry's task does not exist.
_ABSENT = frozenset({
    "not_found", "not_exist", "not_exists", "no_exist", "task_not_exist", "task_not_found", "nonexistent",
    "no_such_task", "不存在", "未找到", "任务不存在",
})  # fmt: skip

# An envelope's words for an answer as a whole; they say little about a task.
_ANSWERED = frozenset({"success", "ok", "true", "0", "1", "200", "error", "fail"})

_FAILING = re.compile(
    r"(^|_)(fail(ed|ure|s)?|err(or(ed)?)?|exception|reject(ed)?|abort(ed)?|expired|denied|blocked|banned|invalid"
    r"|sensitive|violation|forbidden|timeout|cancell?ed|refused|moderated)(_|$)|失败|错误|异常|拒绝|违规|敏感"
)
_CODE = re.compile(r"-?\d{1,2}")
_FAILING_CODES = {"-1", "4"}  # only if there is a reason, too
_LONGEST = 60  # characters of a word


class StatusWord(NamedTuple):
    """A status as it was received. `status` is None if there was none, or a code that may mean anything."""

    raw: str
    status: Status | None
    recognised: bool
    failing: bool = False  # an unknown word or code that indicates a failure

    @property
    def final(self) -> bool:
        return self.status is not None and self.status.final


def read_status(value: Any) -> StatusWord:
    """Takes an unknown word for "running": it must not end a task. An unknown code says nothing: each gateway has its
    own, and the songs tell more.
    """
    raw = as_text(value).strip()
    if not raw:
        return StatusWord("", None, recognised=True)
    word = _plain(raw)
    status = _MEANING.get(word)
    if is_code(raw):
        return StatusWord(raw, None, recognised=False, failing=raw in _FAILING_CODES)
    failing = status is None and _FAILING.search(word) is not None
    return StatusWord(raw, status or Status.RUNNING, recognised=status is not None, failing=failing)


def is_code(word: str) -> bool:
    """Whether it is a number that may mean anything."""
    return _CODE.fullmatch(word) is not None and word not in _MEANING


def says_absent(value: Any) -> bool:
    """Whether a status means that the task does not exist."""
    return _plain(as_text(value).strip()) in _ABSENT


def of_envelope(value: Any) -> bool:
    """Whether a status may belong to the answer as a whole instead of a task."""
    word = as_text(value).strip()
    return isinstance(value, bool) or word in _ANSWERED or is_code(word)


def _plain(raw: str) -> str:
    """In lower case, with one `_` between words: "In Progress", "in-progress" and "inProgress" are the same."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", raw[:_LONGEST].removesuffix(".0"))
    return re.sub(r"[\s_-]+", "_", parted).lower()

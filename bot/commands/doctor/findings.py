"""Findings of the doctor, one line each."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct


class Mark(StrEnum):
    OK = "ok"
    WARNING = "warning"  # the bot works, but not completely
    PROBLEM = "problem"
    SKIPPED = "skipped"


class Finding(Struct, frozen=True):
    """`text` says what was found, and what to do about it unless all is well."""

    mark: Mark
    subject: str
    text: str


def ok(subject: str, text: str) -> Finding:
    return Finding(Mark.OK, subject, text)


def warning(subject: str, text: str) -> Finding:
    return Finding(Mark.WARNING, subject, text)


def problem(subject: str, text: str) -> Finding:
    return Finding(Mark.PROBLEM, subject, text)


def skipped(subject: str, text: str) -> Finding:
    return Finding(Mark.SKIPPED, subject, text)


def report(findings: Sequence[Finding]) -> str:
    width = max(map(len, Mark))
    lines = [f"{each.mark:<{width}}  {each.subject}: {each.text}" for each in findings]
    problems, warnings = (sum(each.mark is mark for each in findings) for mark in (Mark.PROBLEM, Mark.WARNING))
    return "\n".join([*lines, "", f"problems: {problems}, warnings: {warnings}"])

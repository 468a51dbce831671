"""What to do with a message that Discord refused: one table of Discord's codes, and one decision based on it."""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from msgspec import Struct

from bot.domain.delivery import MAX_ATTEMPTS, SERVER_ERRORS, State, Topic, retry_delay
from bot.errors import PostError

# The codes of Discord that are named elsewhere, too; `RULES` has them all.
UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE = 10003, 10004, 10008
REQUEST_TOO_LARGE = 40005
MISSING_PERMISSIONS = 50013
INVALID_FORM_BODY = 50035
ARCHIVED_THREAD = 50083
AUTOMOD, AUTOMOD_TITLE = 200000, 200001

_CONTENT_TOO_LARGE = 413  # a status of HTTP
_SMALLER_AT_ONCE = 3  # failures of a message that is too large, until it is sent without files
_PATIENT = 2  # failures with an unknown code until simpler forms are tried
_CHANNEL_ONLY = frozenset({Topic.LIVE, Topic.QUIET})  # only meant for their channel, else dropped


class MessagePart(StrEnum):
    """A part of a message, which is left out where Discord refuses it; in the order in which they are tried."""

    LYRICS_AND_LINKS = "lyrics and links"
    COVER = "cover"
    EMBEDS = "embeds"
    REPLY = "reply"
    FILES = "files"


class Meaning(StrEnum):
    """The meaning of a refusal; also the label of its counter."""

    LATER = "later"  # temporary
    BLOCKED = "blocked"  # until something about permissions, the channel or the server changes
    CLOSED = "closed"  # the channel is gone, or the bot was removed
    RECIPIENT_CLOSED = "recipient_closed"  # the person accepts no DMs from the bot
    TOO_LARGE = "too_large"  # its files are larger than Discord allows there
    CONTENT = "refused"  # something in the message; without it, the message may pass
    UNKNOWN = "unknown"  # a code that is not in the table


class Rule(Struct, frozen=True):
    """`suspects`: the parts to leave out first."""

    meaning: Meaning
    suspects: tuple[MessagePart, ...] = ()


_LATER, _BLOCKED, _CLOSED = Rule(Meaning.LATER), Rule(Meaning.BLOCKED), Rule(Meaning.CLOSED)
_DM_CLOSED, _CONTENT = Rule(Meaning.RECIPIENT_CLOSED), Rule(Meaning.CONTENT)
_TEXT = Rule(Meaning.CONTENT, (MessagePart.LYRICS_AND_LINKS, MessagePart.EMBEDS))
_FILE = Rule(Meaning.CONTENT, (MessagePart.COVER, MessagePart.FILES))
_FILES = Rule(Meaning.CONTENT, (MessagePart.FILES,))

RULES: dict[int, Rule] = {
    UNKNOWN_CHANNEL: _CLOSED,
    UNKNOWN_GUILD: _CLOSED,
    UNKNOWN_MESSAGE: _CLOSED,  # of an edit
    10013: _DM_CLOSED,  # unknown user
    20009: Rule(Meaning.CONTENT, (MessagePart.COVER, MessagePart.LYRICS_AND_LINKS)),  # explicit content
    20016: _LATER,  # slow mode
    20022: _LATER,  # too many edits of announcements
    20026: _BLOCKED,  # the application is limited by Discord
    20028: _LATER,  # too many writes in the channel
    20029: _LATER,  # too many writes in the server
    30015: _FILES,  # too many attachments
    30046: _LATER,  # too many edits of old messages
    40003: _LATER,  # too many new DMs
    40004: _LATER,  # sending is disabled for a while
    REQUEST_TOO_LARGE: Rule(Meaning.TOO_LARGE),
    40006: _LATER,  # a feature is disabled for a while
    40058: _BLOCKED,  # a plain message in a forum channel
    40062: _LATER,  # a service behind Discord is overloaded
    40066: _BLOCKED,  # a forum whose tags are all for moderators
    40067: _BLOCKED,  # a forum that requires a tag
    40333: _LATER,  # Cloudflare; also in Discord's own incidents
    50001: _BLOCKED,  # missing access
    50006: _CONTENT,  # an empty message
    50007: _DM_CLOSED,  # accepts no DMs
    50008: _CONTENT,  # not in a channel of this kind
    50009: _BLOCKED,  # the channel's verification level
    MISSING_PERMISSIONS: _BLOCKED,
    50024: _BLOCKED,  # not in a channel of this type
    50033: _DM_CLOSED,  # invalid recipients
    INVALID_FORM_BODY: _CONTENT,
    50045: _FILES,  # a file is too large
    50046: _FILE,  # an invalid file
    ARCHIVED_THREAD: _BLOCKED,
    50110: _FILE,  # an invalid file
    50123: _FILE,  # an invalid type of file
    50146: _FILES,  # an uploaded file was not found
    50278: _DM_CLOSED,  # no server in common
    110000: _LATER,  # an index is not available yet
    110001: _LATER,  # the application is not available yet
    130000: _LATER,  # overloaded
    160002: Rule(Meaning.CONTENT, (MessagePart.REPLY,)),  # no reply without Read Message History
    160005: _BLOCKED,  # a locked thread
    160006: _BLOCKED,  # too many active threads
    160009: _BLOCKED,  # like a locked thread
    160010: _BLOCKED,  # like a locked thread
    AUTOMOD: _TEXT,
    AUTOMOD_TITLE: _TEXT,
    240000: _TEXT,  # a harmful link
    400001: _FILES,  # the server may not upload files for now
}


def is_too_large(status: int, code: int) -> bool:
    """Whether the files of a message are larger than Discord, or the proxy in front of it, allows."""
    return status == _CONTENT_TOO_LARGE or code == REQUEST_TOO_LARGE


def suspects(code: int) -> tuple[MessagePart, ...]:
    """The parts of a message that a code most likely means."""
    return RULES[code].suspects if code in RULES else ()


def meaning(failure: PostError) -> Meaning:
    return _rule(failure).meaning


def _rule(failure: PostError) -> Rule:
    if rule := RULES.get(failure.code):
        return rule
    if is_too_large(failure.status, failure.code):
        return Rule(Meaning.TOO_LARGE)
    if failure.is_ambiguous or failure.status in (401, 429):
        return _LATER
    if failure.status == 403 and not failure.code:  # not from Discord, but from a proxy in front of it
        return _LATER
    return Rule(Meaning.UNKNOWN)


class Attempt(Struct, frozen=True, kw_only=True):
    """The attempt that Discord refused.

    `failures`: earlier failures; `movable`: it is for a server's channel, and can go to the person's DM instead.
    """

    topic: Topic
    failures: int = 0
    omitted: AbstractSet[MessagePart] = frozenset()
    movable: bool = True


class Retry(Struct, frozen=True):
    """Send the same message again. `parked`: deliveries behind it need not wait for it."""

    after: float  # seconds
    parked: bool = False


class Block(Struct, frozen=True):
    """Wait until permissions change, and retry hourly; the person is notified."""


class Redirect(Struct, frozen=True):
    """Send it to the person's DM instead."""


class Replan(Struct, frozen=True):
    """Send it at once in another form. `omitted`: without these parts; None: with files within the new limit."""

    omitted: AbstractSet[MessagePart] | None


class Abandon(Struct, frozen=True):
    """Give up. KEPT: there is no channel to post it to. FAILED: Discord refuses every form; the person is notified."""

    state: State


Course = Retry | Block | Redirect | Replan | Abandon


def decide(failure: PostError, attempt: Attempt) -> Course:
    rule = _rule(failure)
    match rule.meaning:
        case Meaning.LATER:
            return _later(failure, attempt)
        case Meaning.BLOCKED:
            return Block()
        case Meaning.CLOSED:
            return Redirect() if attempt.movable and attempt.topic not in _CHANNEL_ONLY else Abandon(State.KEPT)
        case Meaning.RECIPIENT_CLOSED:
            return Abandon(State.KEPT)
        case Meaning.TOO_LARGE if attempt.failures < _SMALLER_AT_ONCE and MessagePart.FILES in failure.parts:
            return Replan(None)
        case Meaning.TOO_LARGE:
            return _simpler(failure, attempt, (MessagePart.FILES,))
        case Meaning.UNKNOWN if attempt.failures < _PATIENT and not attempt.omitted:
            return retry_after(attempt.failures, failure.retry_after)
    return _simpler(failure, attempt, rule.suspects)


def _later(failure: PostError, attempt: Attempt) -> Course:
    """Repeated server errors may be caused by the files: send it without them, once."""
    tried_often = attempt.failures + 1 >= SERVER_ERRORS
    if failure.status >= 500 and tried_often and MessagePart.FILES in failure.parts:
        return Replan(attempt.omitted | {MessagePart.FILES})
    return retry_after(attempt.failures, failure.retry_after)


def retry_after(failures: int, at_least: float = 0.0) -> Retry:
    """The delay grows with every failure; `failures`: those before this one."""
    return Retry(max(at_least, retry_delay(failures + 1)), parked=failures + 1 >= SERVER_ERRORS)


def _simpler(failure: PostError, attempt: Attempt, suspects: tuple[MessagePart, ...]) -> Course:
    """Leaves out one part at a time, on top of those already left out."""
    for part in (*suspects, *MessagePart):
        if part in failure.parts:
            return Replan(attempt.omitted | {part})
    return Abandon(State.FAILED)


def decide_on_fault(attempt: Attempt) -> Course:
    """After an error in the bot itself: retries, but not forever."""
    if attempt.failures + 1 >= MAX_ATTEMPTS:
        return Abandon(State.FAILED)
    return retry_after(attempt.failures)

"""What becomes of a message that Discord did not take: one table of Discord's codes, and one decision made by it."""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from msgspec import Struct

from bot.domain.delivery import MOST_ATTEMPTS, SERVER_ERRORS, State, Topic, retry_delay
from bot.errors import PostError

_SMALLER_AT_ONCE = 3  # failures of a message that was too large until it goes without files
_PATIENT = 2  # failures with a code nobody knows until simpler forms are tried
_MOVED_BY_NOBODY = frozenset({Topic.LIVE, Topic.QUIET})  # said in a place, or not at all


class Part(StrEnum):
    """Of a message, and left out where Discord refuses it; in the order in which that is tried."""

    LYRICS_AND_LINKS = "lyrics and links"
    COVER = "cover"
    EMBEDS = "embeds"
    REPLY = "reply"
    FILES = "files"


class Meaning(StrEnum):
    """Of a refusal; also the word by which it is counted."""

    LATER = "later"  # it passes by itself
    BLOCKED = "blocked"  # until something about permissions, the channel or the server changes
    CLOSED = "closed"  # the channel is gone, or the bot is no longer there
    RECIPIENT_CLOSED = "recipient_closed"  # the person takes no DM from the bot
    TOO_LARGE = "too_large"  # its files are larger than Discord takes there
    CONTENT = "refused"  # something in it: without that it may pass
    UNKNOWN = "unknown"  # a code that is not in the table


class Rule(Struct, frozen=True):
    """`suspects`: what is left out first."""

    meaning: Meaning
    suspects: tuple[Part, ...] = ()


_LATER, _BLOCKED, _CLOSED = Rule(Meaning.LATER), Rule(Meaning.BLOCKED), Rule(Meaning.CLOSED)
_DM_CLOSED, _CONTENT = Rule(Meaning.RECIPIENT_CLOSED), Rule(Meaning.CONTENT)
_WORDS = Rule(Meaning.CONTENT, (Part.LYRICS_AND_LINKS, Part.EMBEDS))
_FILE = Rule(Meaning.CONTENT, (Part.COVER, Part.FILES))
_FILES = Rule(Meaning.CONTENT, (Part.FILES,))

RULES: dict[int, Rule] = {
    10003: _CLOSED,  # unknown channel
    10004: _CLOSED,  # unknown guild
    10008: _CLOSED,  # unknown message, of an edit
    10013: _DM_CLOSED,  # unknown user
    20009: Rule(Meaning.CONTENT, (Part.COVER, Part.LYRICS_AND_LINKS)),  # explicit content
    20016: _LATER,  # slow mode
    20022: _LATER,  # too many edits of announcements
    20026: _BLOCKED,  # the application is limited by Discord
    20028: _LATER,  # too many writes in the channel
    20029: _LATER,  # too many writes in the server
    30015: _FILES,  # too many attachments
    30046: _LATER,  # too many edits of old messages
    40003: _LATER,  # too many new DMs
    40004: _LATER,  # sending is switched off for a while
    40005: Rule(Meaning.TOO_LARGE),  # the request is too large
    40006: _LATER,  # a feature is switched off for a while
    40058: _BLOCKED,  # a plain message in a forum channel
    40062: _LATER,  # a service behind Discord has too much to do
    40066: _BLOCKED,  # a forum whose tags are all for moderators
    40067: _BLOCKED,  # a forum that requires a tag
    40333: _LATER,  # Cloudflare; also in Discord's own incidents
    50001: _BLOCKED,  # missing access
    50006: _CONTENT,  # an empty message
    50007: _DM_CLOSED,  # takes no DM
    50008: _CONTENT,  # not in a channel of this kind
    50009: _BLOCKED,  # the channel's verification level
    50013: _BLOCKED,  # missing permissions
    50024: _BLOCKED,  # not in a channel of this type
    50033: _DM_CLOSED,  # invalid recipients
    50035: _CONTENT,  # invalid form
    50045: _FILES,  # a file is too large
    50046: _FILE,  # an invalid file
    50083: _BLOCKED,  # an archived thread
    50110: _FILE,  # an invalid file
    50123: _FILE,  # an invalid type of file
    50146: _FILES,  # an uploaded file was not found
    50278: _DM_CLOSED,  # no server in common
    110000: _LATER,  # an index is not yet there
    110001: _LATER,  # the application is not yet there
    130000: _LATER,  # overloaded
    160002: Rule(Meaning.CONTENT, (Part.REPLY,)),  # no reply without Read Message History
    160005: _BLOCKED,  # a locked thread
    160006: _BLOCKED,  # too many active threads
    160009: _BLOCKED,  # as a locked thread
    160010: _BLOCKED,  # as a locked thread
    200000: _WORDS,  # AutoMod
    200001: _WORDS,  # AutoMod, of a title
    240000: _WORDS,  # a harmful link
    400001: _FILES,  # the server may upload no files for now
}


def suspects(code: int) -> tuple[Part, ...]:
    """What Discord is most likely to mean by a code."""
    return RULES[code].suspects if code in RULES else ()


def meaning(failure: PostError) -> Meaning:
    return _rule(failure).meaning


def _rule(failure: PostError) -> Rule:
    if rule := RULES.get(failure.code):
        return rule
    if failure.status == 413:
        return Rule(Meaning.TOO_LARGE)
    if failure.is_ambiguous or failure.status in (401, 429):
        return _LATER
    if failure.status == 403 and not failure.code:  # not of Discord, but of something in front of it
        return _LATER
    return Rule(Meaning.UNKNOWN)


class Attempt(Struct, frozen=True, kw_only=True):
    """At what Discord refused. `failures`: how often it failed before; `movable`: it is meant for a server's channel,
    and the person has a DM.
    """

    topic: Topic
    failures: int = 0
    omitted: AbstractSet[Part] = frozenset()
    movable: bool = True


class Retry(Struct, frozen=True):
    """The same again. `parked`: those behind it need not wait for it."""

    after: float  # seconds
    parked: bool = False


class Block(Struct, frozen=True):
    """Until something about permissions changes, and hourly: the person is told."""


class Redirect(Struct, frozen=True):
    """To the person's DM."""


class Replan(Struct, frozen=True):
    """At once. `omitted`: without these; None: with files as large as they may be, by what was learned."""

    omitted: AbstractSet[Part] | None


class Abandon(Struct, frozen=True):
    """KEPT: there is nowhere to bring it. FAILED: Discord takes it in no form, and the person is told."""

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
            return Redirect() if attempt.movable and attempt.topic not in _MOVED_BY_NOBODY else Abandon(State.KEPT)
        case Meaning.RECIPIENT_CLOSED:
            return Abandon(State.KEPT)
        case Meaning.TOO_LARGE if attempt.failures < _SMALLER_AT_ONCE and Part.FILES in failure.parts:
            return Replan(None)
        case Meaning.TOO_LARGE:
            return _simpler(failure, attempt, (Part.FILES,))
        case Meaning.UNKNOWN if attempt.failures < _PATIENT and not attempt.omitted:
            return retry_after(attempt.failures, failure.retry_after)
    return _simpler(failure, attempt, rule.suspects)


def _later(failure: PostError, attempt: Attempt) -> Course:
    """Where nothing but files seems to be in the way, it goes without them; if that fails too, they were not."""
    tried_often = attempt.failures + 1 >= SERVER_ERRORS
    if failure.status >= 500 and tried_often and Part.FILES in failure.parts:
        return Replan(attempt.omitted | {Part.FILES})
    return retry_after(attempt.failures, failure.retry_after)


def retry_after(failures: int, at_least: float = 0.0) -> Retry:
    """The rest grows with every failure; `failures`: before this one."""
    return Retry(max(at_least, retry_delay(failures + 1)), parked=failures + 1 >= SERVER_ERRORS)


def _simpler(failure: PostError, attempt: Attempt, suspects: tuple[Part, ...]) -> Course:
    """Step by step without what it has; each step goes on from the one before."""
    for part in (*suspects, *Part):
        if part in failure.parts:
            return Replan(attempt.omitted | {part})
    return Abandon(State.FAILED)


def decide_on_fault(attempt: Attempt) -> Course:
    """Of a fault of the bot itself: later, but not for ever."""
    if attempt.failures + 1 >= MOST_ATTEMPTS:
        return Abandon(State.FAILED)
    return retry_after(attempt.failures)

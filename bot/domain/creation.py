"""Rules of the operator and of a server's managers: who may order songs, where, and how many. Pure."""

from enum import StrEnum

from msgspec import Struct

from bot.domain.allowance import Limits, Work
from bot.domain.order import COOLDOWN


class CreationRules(Struct, frozen=True, kw_only=True):
    """A server's rules. `roles` empty: only managers; `channels` and `models` empty: all. `blocked`: people.

    Numbers of songs and lyrics are orders per day; `at_once` is per person.
    """

    guild_id: int
    enabled: bool = False
    roles: tuple[int, ...] = ()
    songs_per_person: int = 3
    songs_per_server: int = 20
    lyrics_per_person: int = 10
    at_once: int = 1
    approval: bool = False
    channels: tuple[int, ...] = ()
    models: tuple[str, ...] = ()
    blocked: tuple[int, ...] = ()


class OperatorRules(Struct, frozen=True, kw_only=True):
    """The operator's rules. `servers` empty: all; `in_dms`: people who may order in a DM."""

    enabled: bool = False
    per_day: int = 50  # songs of everybody together
    at_once: int = 2  # orders that run at one gateway
    keep_balance: float | None = None
    servers: frozenset[int] = frozenset()
    in_dms: frozenset[int] = frozenset()


class Maker(Struct, frozen=True, kw_only=True):
    """Who wants to order, and where. `channel_ids`: the channel, and the parent of a thread."""

    user_id: int
    guild_id: int | None
    channel_ids: tuple[int, ...]
    roles: frozenset[int] = frozenset()
    manages: bool = False


class NotPermitted(StrEnum):
    """Why a person may not order here at all; each has a text under `create.not_permitted.<value>`."""

    OPERATOR_OFF = "operator_off"  # only the operator can change it
    SERVER_UNLISTED = "server_unlisted"
    DM = "dm"
    OFF = "off"  # a manager can change it
    BLOCKED = "blocked"
    NOT_YOU = "not_you"
    NOT_HERE = "not_here"
    MODEL = "model"


def why_not_permitted(
    maker: Maker, rules: CreationRules, operator: OperatorRules, model: str = ""
) -> NotPermitted | None:
    """None: they may order. `model` empty: not chosen yet."""
    if not operator.enabled:
        return NotPermitted.OPERATOR_OFF
    if maker.guild_id is None:
        return None if maker.user_id in operator.in_dms else NotPermitted.DM
    if operator.servers and maker.guild_id not in operator.servers:
        return NotPermitted.SERVER_UNLISTED
    return _why_not_in_server(maker, rules, model)


def _why_not_in_server(maker: Maker, rules: CreationRules, model: str) -> NotPermitted | None:
    if not rules.enabled:
        return NotPermitted.OFF
    if maker.user_id in rules.blocked:
        return NotPermitted.BLOCKED
    if not maker.manages and not maker.roles.intersection(rules.roles):
        return NotPermitted.NOT_YOU
    if rules.channels and not set(rules.channels).intersection(maker.channel_ids):
        return NotPermitted.NOT_HERE
    return NotPermitted.MODEL if model and rules.models and model not in rules.models else None


def limits_of(rules: CreationRules, operator: OperatorRules, work: Work, *, direct: bool) -> Limits:
    """Orders per day of a kind of work: for a person, a server and everybody. `direct`: in a DM."""
    songs = work is Work.SONG
    return Limits(
        operator=operator.per_day if songs else None,
        server=rules.songs_per_server if songs and not direct else None,
        person=rules.songs_per_person if songs else rules.lyrics_per_person,
        cooldown=COOLDOWN,
    )

"""Sentences about orders: states, refusals, limits."""

from bot.domain.allowance import Limit, LimitReached
from bot.domain.creation import CreationRules, NotPermitted
from bot.domain.models import model_named
from bot.domain.order import NOT_CHARGED, RESTORED, Order, OrderState, refused_as_busy
from bot.domain.order_refusals import Refusal, artist_in, refusal_in
from bot.domain.song_request import Source
from bot.ui.render.locales import Language
from bot.ui.render.text import clean, code, one_line

_NAME = 80  # characters
_WORDS = 300  # characters of a gateway's own words
_KNOWN = frozenset(Refusal)


def name_of(order: Order) -> str:
    """The title or description, escaped; else the id."""
    return one_line(order.request.name, _NAME) or f"`{code(order.id)}`"


def name_of_source(source: Source) -> str:
    """As it is told from its siblings: its title and its number. Not escaped."""
    title = clean(source.title) or source.clip_id
    return f"{title} · {source.number}/{source.of}" if source.of > 1 else title


def moment(at: float) -> str:
    """A relative timestamp, which Discord shows as "in 3 hours"."""
    return f"<t:{at:.0f}:R>"


def state_text(order: Order, language: Language, ahead: int = 0) -> str:
    """The order's state, and what the person can do."""
    match order.state:
        case OrderState.REFUSED:
            return refusal_text(order, language)
        case OrderState.FAILED:
            reason = reason_text(order, refusal_in(order.detail), language)
            return language("order.state.failed", reason=reason)
        case OrderState.PLACED if refused_as_busy(order) and order.due_at:
            return language("order.reason.busy", when=moment(order.due_at))
        case OrderState.EXPIRED:
            key = order.reason if order.reason in ("restarted", RESTORED) else "expired"
            return language(f"order.state.{key}")
        case OrderState.DECLINED:
            return language("order.state.late" if order.reason == "late" else "order.state.declined")
        case OrderState.ACCEPTED:
            return language("order.state.accepted", channel=place(order, language))
    return language(f"order.state.{order.state}", n=ahead)


def place(order: Order, language: Language) -> str:
    return f"<#{order.channel_id}>" if order.guild_id is not None else language("create.this_dm")


def refusal_text(order: Order, language: Language) -> str:
    """Why it was refused, and that it no longer counts against the allowance."""
    if order.reason == NOT_CHARGED:
        return language("order.state.free")
    reason = Refusal(order.reason) if order.reason in _KNOWN else Refusal.OTHER
    key = "order.state.full" if reason is Refusal.BUSY else "order.state.refused"
    return language(key, reason=reason_text(order, reason, language))


def reason_text(order: Order, reason: Refusal | None, language: Language) -> str:
    """Our sentence for a known reason, else the words of Suno or the gateway."""
    words = one_line(order.detail, _WORDS)
    if reason is None or reason in (Refusal.OTHER, Refusal.BUSY, Refusal.TOO_LONG):
        return language("order.reason.said", words=words) if words else language("order.reason.unknown")
    artist = one_line(artist_in(order.detail), 60)
    if reason is Refusal.ARTIST and not artist:
        return language("order.reason.any_artist")
    return language(f"order.reason.{reason}", name=artist, model=one_line(model_named(order.request.model).label, 40))


def not_permitted_text(why: NotPermitted, rules: CreationRules, language: Language) -> str:
    """Why the person may not order here, and who can change that."""
    roles = ", ".join(f"<@&{role}>" for role in rules.roles) or language("create.managers")
    channels = ", ".join(f"<#{channel}>" for channel in rules.channels)
    return language(f"create.not_permitted.{why}", roles=roles, channels=channels, command="`/suno-admin create`")


def limit_text(reached: LimitReached, language: Language) -> str:
    """Which limit it is, when it ends, and who can change it."""
    key = "cooldown" if reached.limit is Limit.COOLDOWN else f"{reached.limit}_limit"
    return language(f"create.{key}", n=reached.most, when=moment(reached.until))

"""Discord's shards: each is a connection that gets the events of a part of the servers; DMs belong to shard 0."""

from msgspec import Struct


def shard_of(guild_id: int, count: int) -> int:
    """Discord's rule."""
    return (guild_id >> 22) % count


class ShardCondition(Struct, frozen=True, kw_only=True):
    """`latency`: seconds between the last heartbeat and its answer; None: unknown. `queued`: it waits for its turn to
    connect; `reason`: why it is not connected, if that is known.
    """

    id: int
    connected: bool
    servers: int = 0
    latency: float | None = None
    queued: bool = False
    reason: str = ""

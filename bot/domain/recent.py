"""People's lookups."""

from msgspec import Struct


class Recent(Struct, frozen=True, kw_only=True):
    """A task that someone looked up. `public`: everyone in the channel saw the answer."""

    user_id: int
    task_id: str
    channel_id: int
    public: bool
    gateway: str
    title: str
    looked_up_at: float

"""All tables, as the newest migration leaves them. Times are Unix seconds; Discord's ids are integers.

One file, so that the whole schema can be read, and compared with the migrations, in one place.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    false,
    literal_column,
    text,
    true,
)
from sqlalchemy.types import VARCHAR

REVISION = "0017"  # the newest migration; a test compares it with migrations/versions

metadata = MetaData()

# Compared byte by byte, as SQLite does it, whatever the language of a PostgreSQL database: the same order, the same
# answers to LIKE, and only the letters from A to Z have a lower case.
Text = String().with_variant(VARCHAR(collation="C"), "postgresql")
Id = Integer().with_variant(BigInteger, "postgresql")  # SQLite counts in 64 bits only what it calls INTEGER


def _partial(name: str, *columns: str, where: str, on_postgresql: str = "", unique: bool = False) -> Index:
    """An index of the rows for which that holds."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(on_postgresql or where))


key_values = Table(
    "notes",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="single facts about the bot itself, such as the commands registered at Discord",
)

recents = Table(
    "recents",
    metadata,
    Column("user_id", BigInteger, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("looked_up_at", Float, nullable=False),
    PrimaryKeyConstraint("user_id", "task_id"),
    Index("recents_of_channel", "channel_id", "looked_up_at"),
    Index("recents_of_task", "task_id", "looked_up_at"),
    comment="the tasks that a person looked up last, and where; offered by autocomplete",
)

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", Text, primary_key=True),
    Column("gateway", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("first_asked_at", Float),
    Column("asked_at", Float),
    Column("changed_at", Float),
    Column("misses", Integer, nullable=False),
    Column("due_at", Float),
    Column("lease_until", Float, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("live", Boolean, nullable=False, server_default=false()),
    Column("kind", Text, nullable=False, server_default=text("''")),
    _partial("tasks_due", "gateway", "due_at", where="due_at IS NOT NULL"),
    comment="each task that is or was watched, once, however many people watch it; `digest` is of its newest answer",
)

answers = Table(
    "answers",
    metadata,
    Column("task_id", Text, ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True),
    Column("task", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=text("''")),
    Index("answers_titles", "task_id", "title"),
    comment="a task's newest answer as JSON: in a table of its own, as it is long and `tasks` changes at every poll",
)

songs = Table(
    "songs",
    metadata,
    Column("clip_id", Text, primary_key=True),
    Column("task_id", Text, nullable=False),
    Column("seen_at", Float, nullable=False),
    Index("songs_of_task", "task_id"),
    Index("songs_by_age", "seen_at"),
    comment="which task made a song that the bot has seen: people know songs by their links",
)

watches = Table(
    "watches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("task_id", Text, ForeignKey("tasks.task_id"), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("mentions", Text, nullable=False),
    Column("lyrics_id", Text, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("locale", Text, nullable=False),
    Column("user_locale", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("announced", Text, nullable=False),
    Column("quiet_announced", Boolean, nullable=False),
    Column("live_announced", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("card_id", BigInteger),
    Column("card_shows", Text, nullable=False),
    Column("card_due_at", Float),
    _partial("watches_of_task", "task_id", "channel_id", unique=True, where="outcome = ''"),
    _partial("watches_of_lyrics", "lyrics_id", where="outcome = '' AND lyrics_id <> ''"),
    Index("watches_in_channel", "channel_id", "task_id"),
    _partial("watches_ended", "created_at", where="outcome <> ''"),
    _partial("watches_about_lyrics", "lyrics_id", where="lyrics_id <> ''"),
    Index("watches_about_task", "task_id"),
    Index("watches_of_user", "user_id"),
    _partial("watches_open_of_user", "user_id", "task_id", where="outcome = ''"),
    Index("watches_of_guild", "guild_id"),
    _partial("watches_with_card", "card_due_at", where="card_due_at IS NOT NULL"),
    sqlite_autoincrement=True,  # an old button must not refer to a new watch
    comment="which task to post in which channel, and for whom; `card_...`: the card that follows its progress",
)

followers = Table(
    "followers",
    metadata,
    Column("watch_id", Id, ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("locale", Text, nullable=False),
    Column("since", Float, nullable=False),
    Index("followers_of_user", "user_id"),
    comment="who joined a watch of somebody else: it goes on for them when that person leaves it",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Id, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("watch_id", Id, ForeignKey("watches.id", ondelete="CASCADE"), nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("clips", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("parked", Boolean, nullable=False),
    Column("tried_at", Float),
    Column("message_id", BigInteger),
    Column("sent_at", Float),
    Column("audio_missing_since", Float),
    Column("host", Text, nullable=False, server_default=text("''")),
    Column("locale", Text, nullable=False, server_default=text("''")),
    Column("user_id", BigInteger, nullable=False, server_default=text("0")),
    _partial("deliveries_due", "due_at", where="state IN ('waiting', 'blocked')"),
    _partial(
        "deliveries_in_line", *("channel_id", "user_id", "created_at", "seq"), where="state IN ('waiting', 'blocked')"
    ),
    Index("deliveries_of_watch", "watch_id"),
    _partial("deliveries_unsent", "state", "created_at", where="state <> 'sent'"),
    sqlite_autoincrement=True,
    comment="messages to be sent to Discord, and their states; `parked`: those behind it need not wait for it",
)

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("entries", Text, nullable=False),
    Column("ignored", Integer, nullable=False),
    Column("words", Text, nullable=False, server_default=text("'[]'")),
    Column("created_at", Float, nullable=False),
    Index("batches_by_age", "created_at"),
    Index("batches_of_user", "user_id"),
    comment="people's lists of tasks, so that their pages and buttons work after a restart",
)

people = Table(
    "people",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("locale", Text, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("direct", Boolean, nullable=False),
    Column("named", Boolean, nullable=False, server_default=true()),
    comment="a person's settings, from /suno settings",
)

guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("locale", Text, nullable=False),
    Column("channel_id", BigInteger),
    Column("roles", Text, nullable=False),
    Column("watches_per_user", Integer),
    Column("audio", Boolean, nullable=False),
    Column("error_channel_id", BigInteger),
    Column("paused", Boolean, nullable=False),
    Column("open_playlists", Boolean, nullable=False, server_default=false()),
    _partial("guilds_paused", "guild_id", where="paused = 1", on_postgresql="paused IS TRUE"),
    comment="a server's settings, from /suno-admin",
)

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("channel_id", BigInteger, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("price", Float),
    Column("task_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reconciled", Integer, nullable=False),
    Column("at_once", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("placed_at", Float),
    Column("sent_at", Float),
    Column("due_at", Float),
    Column("locale", Text, nullable=False),
    Column("user_locale", Text, nullable=False),
    Column("announced", Text, nullable=False),
    _partial("orders_due", "gateway", "due_at", where="due_at IS NOT NULL"),
    Index("orders_by_state", "state", "gateway", "placed_at"),
    Index("orders_of_user", "user_id", "created_at"),
    Index("orders_of_guild", "guild_id", "created_at"),
    Index("orders_of_task", "task_id"),
    _partial("orders_untold", "placed_at", where="announced <> state AND state <> 'draft'"),
    Index("orders_by_age", "created_at"),
    comment="songs that people pay for; `request` is what they wrote, `announced` the last state that was reported",
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("work", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("price", Float),
    Column("day", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index("ledger_of_day", "day", "work", "guild_id", "owner", "amount"),
    Index("ledger_of_order", "order_id"),
    Index("ledger_of_owner", "owner", "at"),
    sqlite_autoincrement=True,
    comment="reservations, payments and releases; `owner` is a keyed hash of a person's id, `guild_id` 0 a DM",
)

creation_rules = Table(
    "creation_rules",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("enabled", Boolean, nullable=False),
    Column("roles", Text, nullable=False),
    Column("songs_per_person", Integer, nullable=False),
    Column("songs_per_server", Integer, nullable=False),
    Column("lyrics_per_person", Integer, nullable=False),
    Column("at_once", Integer, nullable=False),
    Column("approval", Boolean, nullable=False),
    Column("channels", Text, nullable=False),
    Column("models", Text, nullable=False),
    Column("blocked", Text, nullable=False),
    comment="who may order songs in a server, where, and how many",
)

accounts = Table(
    "accounts",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("song_price", Float),
    Column("lyrics_price", Float),
    Column("credit_left", Float),
    Column("credit_used", Float),
    Column("limited", Boolean, nullable=False),
    Column("checked_at", Float, nullable=False),
    Column("closed", Text, nullable=False),
    comment="each gateway's last answer about money; `closed`: why no orders are sent there until a check succeeds",
)

abilities = Table(
    "abilities",
    metadata,
    Column("gateway", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("present", Integer, nullable=False),
    Column("absent", Integer, nullable=False),
    Column("seen_at", Float, nullable=False),
    PrimaryKeyConstraint("gateway", "name"),
    comment="models that finished at a gateway, and how often an option had an effect on its order",
)

library = Table(
    "library",
    metadata,
    Column("id", Id, primary_key=True),
    Column("task_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("clip_id", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("parent_id", BigInteger, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("message_id", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("style", Text, nullable=False),
    Column("duration", Float),
    Column("posted_at", Float, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("folded", Boolean, nullable=False, server_default=false()),
    Column("maker_id", BigInteger, nullable=False, server_default=text("0")),
    Column("chosen", Boolean, nullable=False, server_default=false()),
    Index("library_of_place", "channel_id", "task_id", "number", "owner_id", unique=True),
    Index("library_of_channel", "channel_id", "posted_at"),
    Index("library_of_guild", "guild_id", "posted_at"),
    Index("library_of_parent", "guild_id", "parent_id", "restricted", "channel_id"),
    Index("library_of_user", "user_id", "posted_at"),
    Index("library_of_owner", "owner_id", "posted_at"),
    Index("library_of_maker", "maker_id", "posted_at"),
    Index("library_of_task", "task_id", "number"),
    sqlite_autoincrement=True,  # an old button must not mean a new song
    comment="each song that was posted or shown, once in a channel; `owner_id`: who alone may find it, 0: whoever may "
    "view the channel, which for a thread is `parent_id`; `restricted`: a private thread; `user_id`: who requested it, "
    "`maker_id`: who ordered it there, 0: not known; `chosen`: its maker has chosen it among the takes of its task, "
    "`folded`: or another of them",
)

library_texts = Table(
    "library_texts",
    metadata,
    Column("song_id", Id, ForeignKey("library.id", ondelete="CASCADE"), primary_key=True),
    Column("lyrics", Text, nullable=False),
    Column("line", Text, nullable=False),
    comment="the lyrics of a song, and the line in which its words are looked for: apart, because they are long",
)

stars = Table(
    "stars",
    metadata,
    Column("song_id", Id, ForeignKey("library.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("starred_at", Float, nullable=False),
    PrimaryKeyConstraint("song_id", "user_id"),
    Index("stars_of_user", "user_id", "starred_at"),
    comment="who starred which song of the library",
)

star_counts = Table(
    "star_counts",
    metadata,
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("due_at", Float, nullable=False),
    Index("star_counts_due", "due_at"),
    comment="messages whose buttons are to show another number of stars",
)

charts = Table(
    "charts",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("counted_until", Float, nullable=False),
    Column("due_at", Float),
    _partial("charts_due", "due_at", where="due_at IS NOT NULL"),
    Index("charts_of_user", "user_id"),
    comment="servers' weekly charts: where and when (UTC; 0 is Monday), by which manager they were turned on; `due_at` "
    "NULL: off",
)

chart_posts = Table(
    "chart_posts",
    metadata,
    Column("guild_id", BigInteger, nullable=False),
    Column("week", Text, nullable=False),
    Column("id", Text, nullable=False, unique=True),
    Column("channel_id", BigInteger, nullable=False),
    Column("until", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("tried_at", Float),
    Column("reported", Boolean, nullable=False),
    Column("message_id", BigInteger),
    PrimaryKeyConstraint("guild_id", "week"),
    _partial("chart_posts_due", "due_at", where="state IN ('waiting', 'blocked')"),
    Index("chart_posts_by_age", "until"),
    comment="the chart of each server and ISO week: at most one; stars before `until` count; `reported`: its "
    "manager was told that it cannot be posted",
)

playlists = Table(
    "playlists",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("plain_name", Text, nullable=False),
    Column("posted", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("playlists_by_name", "owner_id", "guild_id", "plain_name", unique=True),
    Index("playlists_of_guild", "guild_id"),
    Index("playlists_of_user", "user_id"),
    sqlite_autoincrement=True,  # an old button must not mean a new playlist
    comment="playlists of a person (`owner_id`) or of a server (`guild_id`), the other of which is 0; `user_id`: who "
    "made it; `posted`: whoever sees its post may open it",
)

playlist_songs = Table(
    "playlist_songs",
    metadata,
    Column("playlist_id", Id, ForeignKey("playlists.id", ondelete="CASCADE"), nullable=False),
    Column("task_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("added_at", Float, nullable=False),
    PrimaryKeyConstraint("playlist_id", "task_id", "number"),
    Index("playlist_songs_of_song", "task_id", "number"),
    Index("playlist_songs_of_user", "user_id"),
    comment="the songs of playlists, and who added them; where they were posted is in the library",
)

left_guilds = Table(
    "left_guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("left_at", Float, nullable=False),
    Index("left_guilds_by_age", "left_at"),
    comment="servers that the bot is no longer in, and since when: their songs are deleted after a while",
)

# Literal, not bound: SQLite uses a partial index only where it sees that its condition holds.
is_open = watches.c.outcome == literal_column("''")
is_over = watches.c.outcome != literal_column("''")
has_lyrics = watches.c.lyrics_id != literal_column("''")


def unsent(table: FromClause) -> ColumnElement[bool]:
    """For deliveries, or an alias of them, and for posts of charts."""
    return table.c.state.in_([literal_column("'waiting'"), literal_column("'blocked'")])


is_unsent = unsent(deliveries)
is_unannounced = (orders.c.announced != orders.c.state) & (orders.c.state != literal_column("'draft'"))
is_not_sent = deliveries.c.state != literal_column("'sent'")  # including failed ones

"""Execution options of transactions, for both engines."""

READ_ONLY = "read_only"  # it only reads: it needs no lock, and sees the database as of one moment
DURABLE = "durable"  # once it is committed, not even a power cut undoes it
LAZY = "lazy"  # a crash of the database may undo it, as it may on SQLite: nothing outside rests on it yet
UNHURRIED = "unhurried"  # it may take longer than any statement of a bot, as a migration does

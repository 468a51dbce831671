"""Execution options of transactions, for both engines."""

READ_ONLY = "read_only"  # it only reads: it needs no lock, and sees the database as of one moment
DURABLE = "durable"  # once it is committed, not even a power cut undoes it
UNHURRIED = "unhurried"  # it may take longer than any statement of a bot, as a migration does

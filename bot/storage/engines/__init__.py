"""What is different between SQLite and PostgreSQL: how they are opened, and the few expressions that each spells in its
own way. Everything else in `bot.storage` is written once.
"""

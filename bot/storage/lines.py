"""Lines of words that an older version folded otherwise: they are written anew in steps, while the bot works."""

from sqlalchemy import delete, select, update

from bot.domain.search_text import search_line
from bot.storage.key_values import value_of
from bot.storage.schema import key_values, library, library_texts
from bot.storage.transaction import Transactions

AFTER = "lines_after"  # the note with the last song whose line is of this version


class LineStore(Transactions):
    async def renew(self, limit: int) -> bool:
        """The lines of so many songs, in one transaction, so that none is renewed with texts that have just changed.

        False: all of them are of this version.
        """
        note = key_values.c.key == AFTER
        texts = library_texts.join(library, library.c.id == library_texts.c.song_id)
        columns = (library.c.id, library.c.title, library.c.style, library_texts.c.lyrics)
        async with self._transaction() as connection:
            after = await connection.scalar(value_of(AFTER))
            if after is None:
                return False
            statement = select(*columns).select_from(texts).where(library_texts.c.song_id > int(after))
            rows = (await connection.execute(statement.order_by(library_texts.c.song_id).limit(limit))).all()
            for row in rows:
                line = search_line([row.title, row.style, row.lyrics])
                this = library_texts.c.song_id == row.id
                await connection.execute(update(library_texts).where(this).values(line=line))
            if rows:
                await connection.execute(update(key_values).where(note).values(value=str(rows[-1].id)))
            else:
                await connection.execute(delete(key_values).where(note))
        return bool(rows)

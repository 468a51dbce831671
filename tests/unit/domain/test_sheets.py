"""Lyrics on pages."""

from bot.domain.sheets import Sheet, paginate, sheets
from bot.domain.task import Clip, Kind, Lyrics, Status, Task


def song(*lyrics: str) -> Task:
    clips = tuple(
        Clip(id=str(number), status=Status.DONE, title=f"Song {number}", lyrics=text)
        for number, text in enumerate(lyrics, 1)
    )
    return Task(id="t", kind=Kind.MUSIC, status=Status.DONE, clips=clips)


def test_clips_with_the_same_lyrics_have_one_sheet() -> None:
    assert sheets(song("La la", " La la\n", "Da da")) == (Sheet("Song 1", "La la"), Sheet("Song 3", "Da da"))


def test_an_instrumental_has_none() -> None:
    assert sheets(song("", "  \n")) == ()


def test_a_lyrics_task_has_its_own() -> None:
    task = Task(id="t", kind=Kind.LYRICS, status=Status.DONE, lyrics=Lyrics(title="Rain", text="Drip\n"))
    assert sheets(task) == (Sheet("Rain", "Drip"),)


def test_pages_end_where_stanzas_end() -> None:
    text = "[Verse]\none\ntwo\n\n[Chorus]\nthree\n[Bridge]\nfour"
    assert paginate(text, 20) == ("[Verse]\none\ntwo", "[Chorus]\nthree", "[Bridge]\nfour")


def test_short_lyrics_are_one_page() -> None:
    assert paginate("one\n\ntwo", 100) == ("one\n\ntwo",)

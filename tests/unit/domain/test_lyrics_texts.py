"""Lyrics on pages."""

from bot.domain.lyrics_texts import LyricsText, lyrics_texts, paginate
from bot.domain.task import Clip, Lyrics, Status, Task, TaskKind


def song(*lyrics: str) -> Task:
    clips = tuple(
        Clip(id=str(number), status=Status.DONE, title=f"Song {number}", lyrics=text)
        for number, text in enumerate(lyrics, 1)
    )
    return Task(id="t", kind=TaskKind.MUSIC, status=Status.DONE, clips=clips)


def test_clips_with_the_same_lyrics_share_one_lyrics_text() -> None:
    assert lyrics_texts(song("La la", " La la\n", "Da da")) == (
        LyricsText("Song 1", "La la"),
        LyricsText("Song 3", "Da da"),
    )


def test_an_instrumental_has_none() -> None:
    assert lyrics_texts(song("", "  \n")) == ()


def test_a_lyrics_task_has_its_own() -> None:
    task = Task(id="t", kind=TaskKind.LYRICS, status=Status.DONE, lyrics=Lyrics(title="Rain", text="Drip\n"))
    assert lyrics_texts(task) == (LyricsText("Rain", "Drip"),)


def test_pages_end_where_stanzas_end() -> None:
    text = "[Verse]\none\ntwo\n\n[Chorus]\nthree\n[Bridge]\nfour"
    assert paginate(text, 20) == ("[Verse]\none\ntwo", "[Chorus]\nthree", "[Bridge]\nfour")


def test_short_lyrics_are_one_page() -> None:
    assert paginate("one\n\ntwo", 100) == ("one\n\ntwo",)

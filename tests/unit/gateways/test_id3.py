"""The tag in posted songs, read back by rules of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateways.file_type import MP3
from bot.gateways.file_type import frames as sound
from bot.gateways.id3 import Tag, encode, length, tagged
from sandbox.local_gateway.songs import audio, without_tag
from tests.relays import arriving, content

SOUND = audio("dawn", 2.0)[0]
TAG = Tag(
    title="夏日海风", style="city pop", lyrics="[Verse]\nla", task_id="t-1", cover=b"\x89PNG", cover_type="image/png"
)


def frames(tag: bytes) -> dict[str, bytes]:
    """As the standard says: ten bytes of header, then frames with seven bits a byte in their sizes."""
    assert tag[:6] == b"ID3\x04\x00\x00"
    found, rest = {}, tag[10:]
    while rest:
        size = sum(byte << shift for byte, shift in zip(rest[4:8], (21, 14, 7, 0), strict=True))
        found[rest[:4].decode()] = rest[10 : 10 + size]
        rest = rest[10 + size :]
    return found


def test_every_field_is_in_its_frame() -> None:
    found = frames(encode(TAG))
    assert found["TIT2"] == b"\x03" + "夏日海风".encode()
    assert found["TCON"] == b"\x03city pop"
    assert found["USLT"] == b"\x03und\x00[Verse]\nla"
    assert found["TXXX"] == b"\x03SUNO_TASK_ID\x00t-1"
    assert found["APIC"] == b"\x03image/png\x00\x03\x00\x89PNG"


async def test_the_audio_behind_it_is_unchanged() -> None:
    async with arriving(SOUND) as song:
        file = tagged(song, TAG, 10**7, 0)
        sent = await content(file)
    assert len(sent) == file.size
    assert sound(sent[length(sent) :]) == (MP3, 0)
    assert without_tag(sent) == SOUND


async def test_a_tag_that_was_there_is_replaced() -> None:
    async with arriving(encode(TAG) + SOUND) as song:
        start = length(encode(TAG))
        assert await content(tagged(song, Tag(title="New"), 10**7, start)) == encode(Tag(title="New")) + SOUND


async def test_without_room_the_cover_is_dropped_first_and_then_the_tag() -> None:
    small = len(SOUND) + len(encode(Tag(title=TAG.title, style=TAG.style, lyrics=TAG.lyrics, task_id=TAG.task_id)))
    async with arriving(SOUND) as song:
        without_cover = await content(tagged(song, TAG, small, 0))
        assert "APIC" not in frames(without_cover[: -len(SOUND)])
        assert tagged(song, TAG, len(SOUND), 0) is song


@pytest.mark.parametrize("content", [b"", b"ID3", b"ID3\x04\x00\x00\xff\xff\xff\xff" + SOUND, SOUND])
def test_bytes_that_are_no_tag_have_no_length(content: bytes) -> None:
    assert length(content) == 0


@given(st.text(), st.text(), st.text(), st.binary(max_size=500))
def test_any_text_makes_a_tag_that_can_be_read(title: str, style: str, lyrics: str, cover: bytes) -> None:
    encoded = encode(Tag(title=title, style=style, lyrics=lyrics, cover=cover, cover_type="image/png"))
    assert length(encoded[:20]) == len(encoded)
    found = frames(encoded)
    shown = title.replace("\0", "").encode("utf-8", "ignore")
    assert found.get("TIT2", b"\x03") == b"\x03" + shown

"""Songs and covers from hosts that a stranger names."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec.structs import replace

from bot.errors import (
    MediaError,
    MediaForbidden,
    MediaNoRoom,
    MediaSlow,
    MediaTooBig,
    MediaUnavailable,
    MediaUnrecognised,
)
from bot.gateways import media as client
from bot.gateways.address_guard import is_public
from bot.gateways.aws_chunked import Unframed
from bot.gateways.file_names import file_name
from bot.gateways.file_type import MP3, PNG, WAV, audio
from bot.gateways.gunzip import _Unpacker
from bot.gateways.hosts import HostRating
from bot.gateways.media import Media
from bot.gateways.transfer_rate import BRISK, PATIENT
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault, LocalGateway
from sandbox.local_gateway.songs import audio as sound
from tests.linear_time import TIMES, grows_linearly
from tests.relays import content

MIB = 1024 * 1024
SONG = Song("clip1", "Rain", duration=5.0)
SOUND = b"ID3\x04" + bytes(5000)
SONG_BYTES = sound("dawn", 1.0)[0]


@pytest.fixture
async def media(gateway: LocalGateway) -> AsyncIterator[Media]:
    gateway.add(FakeTask("task-1", songs=(SONG,)))
    async with Media(allow_hosts=[gateway.media_host]) as media:
        yield media


class FakeResolver(AbstractResolver):
    """Host names resolve as a test says; a list of addresses is given one after the other."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        pass


async def test_a_song_arrives_whole(media: Media, gateway: LocalGateway) -> None:
    async with await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB) as file:
        song = await content(file)
    assert (file.kind, len(song)) == (MP3, file.size)
    assert audio(song[:5_000], ends=False) == (MP3, 0)
    assert "Authorization" not in gateway.media_requests[0].headers
    assert "Cookie" not in gateway.media_requests[0].headers


async def test_a_cover_arrives(media: Media, gateway: LocalGateway) -> None:
    async with await media.picture(f"{gateway.media_url}/cover/clip1.png", limit=MIB) as file:
        assert file.kind is PNG


def framed(content: bytes, size: int, *, signed: bool = False, trailer: bytes = b"") -> bytes:
    """As an `aws-chunked` upload."""
    signature = b";chunk-signature=" + b"0a" * 32 if signed else b""
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    frames = [b"%x%s\r\n%s\r\n" % (len(piece), signature, piece) for piece in pieces]
    return b"".join(frames) + b"0" + signature + b"\r\n" + trailer + b"\r\n"


CHECKSUM = b"x-amz-checksum-crc32:AAAAAA==\r\n"
TWO_MEMBERS = gzip.compress(SONG_BYTES[:3_000]) + gzip.compress(SONG_BYTES[3_000:])
PACKED = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(200, framed(SONG_BYTES, 999, signed=True)[:-300]), MediaUnavailable),
        (Fault(200, framed(SONG_BYTES, 999)[:1_500] + SONG_BYTES), MediaUnavailable),
        (Fault(200, b"3e6\r\n".join(framed(SONG_BYTES, 999).rsplit(b"3e7\r\n", 1))), MediaUnavailable),
        (Fault(200, framed(SONG_BYTES, 999)[:1_006] + b"f" * 5_000), MediaUnavailable),
        (Fault(200, framed(b"<html>Sign in</html>", 9)), MediaUnrecognised),
        (Fault(200, TWO_MEMBERS[:-9], PACKED), MediaUnavailable),
        (Fault(200, gzip.compress(SONG_BYTES) + b"\x1f\x8b broken", PACKED), MediaUnavailable),
        (Fault(200, gzip.compress(SONG_BYTES) + gzip.compress(bytes(9 * MIB)), PACKED), MediaTooBig),
        (Fault(200, gzip.compress(SONG_BYTES) + gzip.compress(b"") * 10_001, PACKED), MediaUnavailable),
        (Fault(403), MediaUnavailable),
        (Fault(404, b"gone"), MediaUnavailable),
        (Fault(500), MediaUnavailable),
        (Fault(0), MediaUnavailable),
        (Fault(200), MediaUnrecognised),
        (Fault(200, b"forbidden"), MediaUnrecognised),
        (Fault(200, b"<html><body>Sign in</body></html>"), MediaUnrecognised),
        (Fault(200, b"\x89PNG\r\n\x1a\n" + bytes(50)), MediaUnrecognised),
        (Fault(200, gzip.compress(b"<html>Sign in</html>"), {"Content-Encoding": "gzip"}), MediaUnrecognised),
        (Fault(200, gzip.compress(SONG_BYTES + bytes(9 * MIB)), {"Content-Encoding": "gzip"}), MediaTooBig),
        (Fault(200, gzip.compress(SONG_BYTES)[:-9], {"Content-Encoding": "gzip"}), MediaUnavailable),
        (Fault(200, gzip.compress(SONG_BYTES)[:99] + bytes(999), {"Content-Encoding": "gzip"}), MediaUnavailable),
        (Fault(206, SONG_BYTES), MediaUnavailable),
        (Fault(206, SONG_BYTES, {"Content-Range": f"bytes 0-{len(SONG_BYTES) - 1}/*"}), MediaUnavailable),
        (Fault(206, SONG_BYTES, {"Content-Range": f"bytes 0-{len(SONG_BYTES) - 1}/99999999"}), MediaUnavailable),
        (Fault(200, SOUND * 300), MediaTooBig),
        (Fault(200, SOUND, stall_after=4000, cut=True), MediaUnavailable),
        (Fault(302, headers={"Location": "file:///etc/passwd"}), MediaForbidden),
        (Fault(302, headers={"Location": "http://169.254.169.254/latest"}), MediaForbidden),
        (Fault(302, headers={"Location": "http://localhost:1/"}), MediaForbidden),
        (Fault(302, headers={"Location": "/audio/clip1"}), MediaUnavailable),
        (Fault(302), MediaUnavailable),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_bytes_that_are_no_song_are_refused(
    media: Media, gateway: LocalGateway, fault: Fault, error: type[MediaError]
) -> None:
    gateway.media_faults.append(fault)
    with pytest.raises(error):
        await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(200, SONG_BYTES, {"Content-Encoding": "aws-chunked"}),
        Fault(200, SONG_BYTES, {"Content-Encoding": ""}),
        Fault(200, SONG_BYTES, {"Content-Encoding": "gzip"}),
        Fault(200, gzip.compress(SONG_BYTES), {"Content-Encoding": "x-gzip"}),
        Fault(200, gzip.compress(SONG_BYTES), {"Content-Encoding": "aws-chunked, gzip"}),
        Fault(200, TWO_MEMBERS, PACKED),
        Fault(200, TWO_MEMBERS + bytes(600), PACKED),
        Fault(200, gzip.compress(SONG_BYTES) + bytes(600) + b"junk", PACKED),
        Fault(200, gzip.compress(b"") * 9 + TWO_MEMBERS + gzip.compress(b""), PACKED),
        *(
            Fault(200, framed(SONG_BYTES, size, signed=signed))
            for size in (1, 999, 9 * MIB)
            for signed in (True, False)
        ),
        Fault(200, framed(SONG_BYTES, 2_000, trailer=CHECKSUM), {"Content-Encoding": "aws-chunked"}),
        Fault(200, framed(SONG_BYTES, 2_000, signed=True, trailer=CHECKSUM)),
        Fault(200, framed(gzip.compress(SONG_BYTES), 99), {"Content-Encoding": "aws-chunked,gzip"}),
        Fault(200, b"200\r\n" + SONG_BYTES),
        Fault(203, SONG_BYTES),
        Fault(206, SONG_BYTES, {"Content-Range": f"bytes 0-{len(SONG_BYTES) - 1}/{len(SONG_BYTES)}"}),
        Fault(200, SONG_BYTES, {"Content-Security-Policy": "a x " * 3_000}),
        Fault(200, SONG_BYTES, {"Content-Type": "text/html"}),
        Fault(200, bytes(10) + SONG_BYTES),
    ],
)
async def test_the_bytes_decide(media: Media, gateway: LocalGateway, fault: Fault) -> None:
    gateway.media_faults.append(fault)
    async with await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB) as file:
        song = await content(file)
        assert (file.kind, file.size, song[file.start :]) == (MP3, len(song), SONG_BYTES)


@pytest.mark.parametrize("size", [1, 65_536])
async def test_frames_are_removed_whatever_the_pieces_that_arrive(size: int) -> None:
    stored = framed(SONG_BYTES, 700, signed=True, trailer=CHECKSUM)

    async def pieces() -> AsyncIterator[bytes]:
        yield stored[:1_000]
        for at in range(1_000, len(stored), size):
            yield stored[at : at + size]

    assert b"".join([piece async for piece in Unframed(pieces()).chunks()]) == SONG_BYTES


async def nothing() -> AsyncIterator[bytes]:
    for chunk in list[bytes]():
        yield chunk


@pytest.mark.parametrize("unit", [b"1\r\na\r\n", b"1;chunk-signature=" + b"0a" * 32 + b"\r\na\r\n"])
def test_tiny_frames_take_time_in_proportion_to_their_number(unit: bytes) -> None:
    def read(stored: bytes) -> None:
        unframed = Unframed(nothing())
        for at in range(0, len(stored), 65_536):
            unframed._content(stored[at : at + 65_536])

    assert grows_linearly(read, unit * 4_000, unit * 4_000 * TIMES)


def test_tiny_members_of_gzip_take_time_in_proportion_to_their_number() -> None:
    def read(stored: bytes) -> None:
        unpacker, left = _Unpacker(), stored
        while left:
            left = unpacker.step(left).left
        assert not unpacker.in_member

    unit = gzip.compress(b"")
    assert grows_linearly(read, unit * 500, unit * 500 * TIMES)


@pytest.mark.parametrize("junk", [b"\r\n\r\n", b"\xef\xbb\xbf", b"ID3\x04\0\0\0\0\0\x04abcd", bytes(3)])
@pytest.mark.parametrize("whole", [True, False])
async def test_junk_before_a_file_is_left_out(media: Media, gateway: LocalGateway, junk: bytes, *, whole: bool) -> None:
    """Players look for a container at the first byte."""
    wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16) + b"data\x40\x0f\0\0" + bytes(3_904)
    gateway.media_faults.append(Fault(200, junk + wav))
    async with await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB, whole=whole) as file:
        assert (file.kind, file.size, await content(file)) == (WAV, len(wav), wav)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/a.mp3?type=audio%2Fmpeg&Signature=ab~c_", None),
        ("/a%28live%29%27s.mp3?Signature=abc%3D", None),
        ("/My Song.mp3", "/My%20Song.mp3"),
        ("/a.mp3?X-Amz-Security-Token=" + "A" * 4_000, None),
    ],
)
async def test_an_address_arrives_as_it_was_named(
    media: Media, gateway: LocalGateway, path: str, asked: str | None
) -> None:
    """Also behind a redirect."""
    gateway.media_faults += [Fault(302, headers={"Location": path}, times=1), Fault(200, SONG_BYTES)]
    async with await media.audio(f"{gateway.media_url}{path}", limit=MIB):
        pass
    assert [each.path for each in gateway.media_requests] == [asked or path] * 2


@pytest.mark.parametrize(
    ("raw", "pause"),
    [
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000, 0.0),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 9_000, 0.0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n\xff\xfb\x90\x64", 0.02),
    ],
    ids=["hints", "crumbs", "a drip"],
)
@pytest.mark.usefixtures("impatient")
async def test_a_host_that_wastes_our_time_is_left_soon(
    media: Media, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch, raw: bytes, pause: float
) -> None:
    """Long before the song's time is over, and then it has a small part of what is fetched."""
    monkeypatch.setattr(client, "BRISK", replace(BRISK, answer=600, window=0.5))
    gateway.media_faults.append(Fault(raw=raw, endless=True, pause=pause))
    async with asyncio.timeout(20):
        with pytest.raises(MediaUnavailable):
            await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB)
    assert media.hosts.rating(gateway.media_host) is HostRating.SLOW


async def test_a_few_hints_do_no_harm(media: Media, gateway: LocalGateway) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(SONG_BYTES) + SONG_BYTES
    gateway.media_faults.append(Fault(raw=b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + answer))
    async with await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB) as file:
        assert await content(file) == SONG_BYTES
    assert media.hosts.rating(gateway.media_host) is HostRating.GOOD


async def test_an_honest_slow_line_is_waited_for_where_there_is_patience(
    media: Media, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "BRISK", replace(BRISK, window=0.2))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(SONG_BYTES)
    piece = SONG_BYTES[:1_000]
    for _ in range(2):
        gateway.media_faults.append(Fault(raw=head + piece, endless=True, pause=0.15, times=1))
    with pytest.raises(MediaSlow):
        await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB)
    async with await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB, patient=True) as file:
        assert file.kind is MP3
    assert media.hosts.rating(gateway.media_host) is HostRating.SLOW


async def test_pictures_in_memory_have_a_bound(media: Media, gateway: LocalGateway) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(MIB - 8)
    gateway.media_faults.append(Fault(200, picture))
    async with AsyncExitStack() as stack:
        for _ in range(8):
            file = await media.picture(f"{gateway.media_url}/a.png", limit=MIB, person=1)
            await stack.enter_async_context(file)
        with pytest.raises(MediaNoRoom):
            await media.picture(f"{gateway.media_url}/a.png", limit=MIB, person=1)
    async with await media.picture(f"{gateway.media_url}/a.png", limit=MIB, person=1):
        pass


async def test_a_declared_size_is_reported(media: Media, gateway: LocalGateway) -> None:
    with pytest.raises(MediaTooBig) as refusal:
        await media.audio(f"{gateway.media_url}/audio/clip1", limit=1_000)
    assert (refusal.value.limit, refusal.value.size) == (1_000, 40_124)


async def test_an_endless_download_is_cut_off(media: Media, gateway: LocalGateway) -> None:
    with pytest.raises(MediaTooBig) as refusal:
        await media.audio(f"{gateway.media_url}/stream/clip1", limit=1_000)
    assert (refusal.value.limit, refusal.value.size) == (1_000, None)


@pytest.mark.usefixtures("impatient")
async def test_a_host_that_says_nothing_more_is_given_up(
    media: Media, gateway: LocalGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "BRISK", replace(BRISK, window=0.05))
    gateway.media_faults.append(Fault(200, SOUND, stall_after=100))
    with pytest.raises(MediaUnavailable):
        await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB)


@pytest.mark.usefixtures("impatient")
async def test_a_passing_fault_is_not_seen(media: Media, gateway: LocalGateway) -> None:
    gateway.media_faults.append(Fault(502, times=1))
    async with await media.audio(f"{gateway.media_url}/audio/clip1", limit=MIB) as file:
        assert file.kind is MP3


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "http://2130706433/x", "http://0x7f.1/x", "http://017700000001/x", "http://127.1/x",
        "http://localhost/x", "http://localhost./x", "http://[::1]/x", "http://[::ffff:127.0.0.1]/x", "http://0/x",
        "http://10.1.2.3/x", "http://169.254.169.254/latest", "http://[fe80::1]/x", "http://[64:ff9b::7f00:1]/x",
        "http://[::ffff:0:7f00:1]/x", "http://[::1%25lo]/x", "http://[v1.::1]/x", "http://127.0.0.1./x",
        "http://１２７.０.０.１/x", "http://ⓛocalhost/x", "http://93.184.216.34@127.0.0.1/x", "http://0177.0.0.1/x",
        "ftp://93.184.216.34/x", "file:///etc/passwd", "data:audio/mpeg,ID3", "//x", "", "http://",
    ],
)  # fmt: skip
@pytest.mark.usefixtures("impatient")
async def test_no_request_leaves_for_the_operators_own_network(url: str) -> None:
    async with Media(allow_hosts=[]) as media:
        # Some forms are no name that resolves, nor an address that the client takes: they lead nowhere either.
        with pytest.raises((MediaForbidden, MediaUnavailable)):
            await media.audio(url, limit=MIB)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:192.168.0.1"]])
async def test_a_name_that_leads_inside_is_refused(addresses: list[str]) -> None:
    async with Media(allow_hosts=[], resolver=FakeResolver(*addresses)) as media:
        with pytest.raises(MediaForbidden):
            await media.audio("http://songs.example/x", limit=MIB)


async def test_a_name_that_changes_its_mind_gains_nothing(gateway: LocalGateway) -> None:
    """The addresses that were checked are those that are connected to: nobody asks a second time."""
    names = FakeResolver("127.0.0.1")
    async with Media(allow_hosts=["songs.example"], resolver=names) as media:
        with pytest.raises(MediaUnavailable):
            await media.audio("http://songs.example:1/x", limit=MIB)
        port = gateway.media_host.rpartition(":")[2]
        gateway.media_faults.append(Fault(200, SOUND))
        async with await media.audio(f"http://songs.example:{port}/x", limit=MIB) as file:
            assert file.size == len(SOUND)
        names.addresses = ("10.0.0.1",)
        with pytest.raises(MediaForbidden):
            await media.audio(f"http://elsewhere.example:{port}/x", limit=MIB)


async def test_an_allowed_host_and_port_allows_no_other_port(gateway: LocalGateway) -> None:
    async with Media(allow_hosts=[gateway.media_host]) as media:
        with pytest.raises(MediaForbidden):
            await media.audio(f"{gateway.url}/x", limit=MIB)


@pytest.mark.parametrize(
    ("address", "public"),
    [(each, True) for each in ("93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8")]
    + [
        (each, False)
        for each in (
            "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.8", "192.0.2.1",
            "192.88.99.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1",
            "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "fc00::1",
            "fe80::1%eth0", "fec0::1", "ff02::1", "::ffff:0:127.0.0.1", "4000::1", "100::1", "5f00::1", "3fff::1",
            "2001:0:53aa:64c::1", "64:ff9b:1::1", "168.63.129.16", "nonsense", "",
        )
    ],
)  # fmt: skip
def test_which_addresses_are_on_the_open_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Harbour Lights", "Harbour-Lights-c1000000-1.mp3"),
        ("夏日海风", "夏日海风-c1000000-1.mp3"),
        ("Café Ñandú", "Café-Ñandú-c1000000-1.mp3"),
        ("../../etc/passwd\0.exe", "etc-passwd-exe-c1000000-1.mp3"),
        ("", "suno-c1000000-1.mp3"),
        ("a" * 300, "a" * 60 + "-c1000000-1.mp3"),
        (".hidden", "hidden-c1000000-1.mp3"),
    ],
)
def test_a_file_is_called_as_its_song(title: str, name: str) -> None:
    assert file_name(title, "c1000000-0000-4000", 1, MP3) == name


def test_siblings_never_have_the_same_name() -> None:
    assert file_name("x", "same", 1, MP3) != file_name("x", "same", 2, MP3)


def test_the_client_waits_for_nobody_forever() -> None:
    for rate in (BRISK, PATIENT):
        assert rate.timeout.total
        assert rate.timeout.sock_read

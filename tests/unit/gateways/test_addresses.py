"""Addresses of songs: as gateways name them, and as they go out."""

import pytest
from yarl import URL

from bot.domain.task import Answer, Clip, Status, Task, TaskKind
from bot.gateways.addresses import completed, redirected, request_url
from bot.gateways.fields import as_url


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/a.mp3?type=audio%2Fmpeg&Signature=ab~c_", None),
        ("/a%28live%29%27s.mp3?Signature=abc%3D", None),
        ("/a(live)'s.mp3?Signature=abc=+/", None),
        ("/%e5%a4%8f.mp3?x=%zz&y=50%", None),
        ("/a/../b//c/./d.mp3", None),
        ('/a"b|c{d}^`e.mp3', None),
        ("/My Song.mp3?a b", "/My%20Song.mp3?a%20b"),
        ("/夏日.mp3?t=海", "/%E5%A4%8F%E6%97%A5.mp3?t=%E6%B5%B7"),
        ("/a.mp3#here", "/a.mp3"),
        ("", "/"),
        ("?x=1", "/?x=1"),
    ],
)
def test_an_address_goes_out_as_it_came(address: str, sent: str | None) -> None:
    url = request_url(f"https://m.example:8443{address}")
    assert (url.raw_path_qs, url.raw_host, url.port) == (address if sent is None else sent, "m.example", 8443)


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("https://cdn.example/x%2Fy?s=a%3D", "https://cdn.example/x%2Fy?s=a%3D"),
        ("HTTPS://cdn.example/x", "https://cdn.example/x"),
        ("//cdn.example/x%28", "https://cdn.example/x%28"),
        ("/x%2Fy?s=a%3D", "https://m.example/x%2Fy?s=a%3D"),
        ("y z.mp3", "https://m.example/files/y%20z.mp3"),
        ("?again=%2F", "https://m.example/files/a.mp3?again=%2F"),
        ("/\udce5\udca4\udc8f", "https://m.example/%E5%A4%8F"),
        ("https://m\udcc3\udcbcsik.example/a", "https://xn--msik-0ra.example/a"),
        ("/\udcff", "https://m.example/%FF"),
    ],
)
def test_a_redirect_is_followed_as_it_came(location: str, leads_to: str) -> None:
    assert str(redirected(URL("https://m.example/files/a.mp3"), location)) == leads_to


@pytest.mark.parametrize("address", ["http://x:99999/", "http://[::1/", "http://x:y/"])
def test_invalid_addresses_become_none(address: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        request_url(address)


@pytest.mark.parametrize("host", ["１２７.０.０.１", "ⓛocalhost", "LOCALHOST"])
def test_a_host_is_read_strictly(host: str) -> None:
    """By it the guard decides."""
    assert request_url(f"http://{host}/%2F").host in ("127.0.0.1", "localhost")


@pytest.mark.parametrize(
    ("named", "read"),
    [
        ("https://m.example/a.mp3?x=1&amp;y=2", "https://m.example/a.mp3?x=1&y=2"),
        ("https://m.example/a.mp3?x=1&#38;y=2&#x26;z=3", "https://m.example/a.mp3?x=1&y=2&z=3"),
        ("https://m.example/a.mp3?x=1&copy=2&lt=3", "https://m.example/a.mp3?x=1&copy=2&lt=3"),
        (r"https:\/\/m.example\/a.mp3", "https://m.example/a.mp3"),
        (r"https:\m.example\a.mp3", ""),
        ("\ufeffhttps://m.example/a.mp3\u200b", "https://m.example/a.mp3"),
        ("https://m.example/a\u200b.mp3", ""),
        ("https://m.example/My Song.mp3", "https://m.example/My%20Song.mp3"),
        ("https://m.example/a.mp3?t=" + "A" * 5_000, "https://m.example/a.mp3?t=" + "A" * 5_000),
        ("//m.example/a.mp3", "//m.example/a.mp3"),
        ("/files/a.mp3", "/files/a.mp3"),
        ("/", ""),
        ("//", ""),
        ("http:/files/a.mp3", ""),
        ("files/a.mp3", ""),
        ("//x@m.example/a.mp3", ""),
        ("https://m. example/a.mp3", ""),
        ("/files/None.mp3", ""),
    ],
)
def test_addresses_as_gateways_send_them(named: str, read: str) -> None:
    assert as_url(named) == read


@pytest.mark.parametrize(
    ("named", "base", "whole"),
    [
        ("/files/a%2F.mp3", "https://g.example/relay", "https://g.example/files/a%2F.mp3"),
        ("//m.example/a.mp3", "http://g.example:3000", "http://m.example/a.mp3"),
        ("https://m.example/a.mp3", "http://g.example", "https://m.example/a.mp3"),
        ("", "http://g.example", ""),
    ],
)
def test_relative_addresses_are_the_gateways_own(named: str, base: str, whole: str) -> None:
    clip = Clip(id="c", status=Status.DONE, audio_url=named, image_url=named)
    answer = Answer({"t": Task(id="t", kind=TaskKind.MUSIC, status=Status.DONE, clips=(clip,))}, missing=("u",))
    (read,) = completed(answer, base).tasks["t"].clips
    assert (read.audio_url, read.image_url, read.video_url) == (whole, whole, "")
    assert completed(answer, base).missing == ("u",)

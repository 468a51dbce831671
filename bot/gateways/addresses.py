"""Addresses of files: as gateways give them, and as they are requested."""

from urllib.parse import quote, urljoin, urlsplit

from msgspec.structs import replace
from yarl import URL

from bot.domain.task import Answer, Clip, Task

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))  # left unchanged, even if a strict encoder would encode it


def request_url(address: str) -> URL:
    """Path and query byte for byte as received, because signatures cover them.

    Only what no request line can hold, such as a space, is encoded. Raises ValueError for an invalid address.
    """
    parts = urlsplit(address)
    origin = URL(f"{parts.scheme}://{parts.netloc}")  # parsed strictly: it decides which host is asked
    rest = address.partition("#")[0][len(parts.scheme) + len("://") + len(parts.netloc) :]
    return URL(f"{str(origin).rstrip('/')}{_encoded(rest) or '/'}", encoded=True)


def redirected(url: URL, location: str) -> URL:
    """The target of a redirect. Raises ValueError, as `request_url` does.

    Header values contain bytes beyond ASCII as lone surrogates; a host name in UTF-8 is read as one.
    """
    text = location.strip().encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return request_url(urljoin(str(url), text))


def _encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogateescape"), safe=_PRINTABLE)


def completed(answer: Answer, base: str) -> Answer:
    """With absolute addresses where the gateway at `base` gave relative ones."""
    changed = {task_id: _complete(task, base) for task_id, task in answer.tasks.items() if _is_relative(task)}
    return replace(answer, tasks=answer.tasks | changed) if changed else answer


def _is_relative(task: Task) -> bool:
    return any(each.startswith("/") for clip in task.clips for each in _addresses(clip))


def _addresses(clip: Clip) -> tuple[str, ...]:
    return clip.audio_url, clip.image_url, clip.video_url, *clip.other_urls


def _complete(task: Task, base: str) -> Task:
    return replace(task, clips=tuple(_complete_clip(clip, base) for clip in task.clips))


def _complete_clip(clip: Clip, base: str) -> Clip:
    return replace(
        clip,
        audio_url=absolute(clip.audio_url, base),
        image_url=absolute(clip.image_url, base),
        video_url=absolute(clip.video_url, base),
        other_urls=tuple(absolute(each, base) for each in clip.other_urls),
    )


def absolute(url: str, base: str) -> str:
    if url.startswith("//"):
        return f"{urlsplit(base).scheme}:{url}"
    return f"{base[: len(base) - len(urlsplit(base).path)]}{url}" if url.startswith("/") else url

"""Decodes a batch's answer task by task; unchanged tasks are recognised by their bytes, without decoding."""

from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus

import msgspec
from msgspec import Raw, Struct
from xxhash import xxh3_128_digest

from bot.domain.task import Answer
from bot.gateways.decode import decode, is_absent
from bot.gateways.dialects.find import Owners, tasks_in
from bot.gateways.dialects.translate import translate
from bot.gateways.fields import Object, parse_json


class _Envelope(Struct):
    """How all known gateways answer a batch, without the word for success."""

    data: list[Raw]
    task_id: str = ""  # if set, there is one task, and `data` holds its clips


_envelopes = msgspec.json.Decoder(_Envelope)


def decode_batch(
    asked: Collection[str], status: int, content_type: str, body: bytes, *, known: Mapping[bytes, str]
) -> Answer:
    """Like `decode`. `known`: task ids by the digest of an answer that need not be decoded again."""
    try:
        pieces = _envelopes.decode(body) if status == HTTPStatus.OK else None
        fast = _decode_pieces(asked, known, pieces.data) if pieces and not pieces.task_id else None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
        fast = None
    return fast or decode(asked, status, content_type, body)


def _decode_pieces(asked: Collection[str], known: Mapping[bytes, str], pieces: Sequence[Raw]) -> Answer | None:
    """None if the pieces are no tasks, or a task occurs twice or in parts: then the whole must be decoded."""
    by_digest = {xxh3_128_digest(piece): piece for piece in pieces}
    same = frozenset(known[digest] for digest in by_digest.keys() & known.keys())
    owners = Owners(asked)
    found: dict[str, tuple[Object, bytes]] = {}
    for digest, piece in by_digest.items():
        for named_id, source in () if digest in known else tasks_in(parse_json(bytes(piece), "")):
            task_id = owners.of(named_id)
            if task_id in found or task_id in same or owners.of_clip(named_id):
                return None
            if task_id:
                found[task_id] = source, digest
    if not (same or found):
        return None
    present = {task_id: found[task_id] for task_id in asked if task_id in found and not is_absent(found[task_id][0])}
    tasks = {task_id: translate(task_id, source) for task_id, (source, _) in present.items()}
    missing = tuple(dict.fromkeys(task_id for task_id in asked if task_id not in tasks and task_id not in same))
    return Answer(tasks, missing, same, {task_id: digest for task_id, (_, digest) in present.items()})

"""Sends an order to a gateway: exactly one POST, in a session of its own without redirects and retries.

No Suno gateway supports an idempotency token, so what is sent twice is paid twice. Therefore every error becomes a
result that says whether the order may have been accepted; only cancellations are raised.
"""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
import msgspec
from yarl import URL

from bot.domain.order import Accepted, NotTaken, SubmitResult, Unsure
from bot.errors import LeadershipLost
from bot.gateways.connection import MAX_HEADER, Connector
from bot.gateways.secret import Secret
from bot.gateways.send_guard import Check, guard, unchecked
from bot.gateways.submission import Submission, result_of

_CONNECT = 10.0  # seconds
_MAX_BODY = 1024 * 1024  # bytes; an answer has some hundreds

log = logging.getLogger(__name__)


class Submitter:
    """The ordering side of one gateway. `async with`: it has connections of its own. `check` raises LeadershipLost."""

    def __init__(self, name: str, base_url: str, key: str, check: Check = unchecked) -> None:
        self.name = name
        self._base = base_url
        self._secret = Secret(key)
        self._headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_note_sent)
        # The other end may close a reused connection at the moment of sending. That could not be distinguished from a
        # lost answer.
        self._session = aiohttp.ClientSession(
            connector=Connector(force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[guard(check), trace],  # in this order: what is not sent is not noted as sent
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def submit(self, submission: Submission, *, time_limit: float) -> SubmitResult:
        """`time_limit`: seconds for the whole request. A gateway may block for minutes after it has accepted
        the order.
        """
        sent = SimpleNamespace(headers=False)
        try:
            async with asyncio.timeout(time_limit):
                return await self._post(submission, sent)
        except TimeoutError:
            return _no_answer(sent, "no answer in time")
        except (aiohttp.ClientError, OSError) as error:
            return _no_answer(sent, type(error).__name__)
        except LeadershipLost as error:
            return _no_answer(sent, str(error))
        except ValueError as error:  # a header or an address that cannot be parsed
            return _no_answer(sent, f"an unreadable answer: {type(error).__name__}")

    async def _post(self, submission: Submission, sent: SimpleNamespace) -> SubmitResult:
        async with self._session.post(
            URL(f"{self._base}{submission.path}", encoded=True),
            data=msgspec.json.encode(submission.body),
            headers=self._headers,
            allow_redirects=False,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
            trace_request_ctx=sent,
        ) as response:
            body = await response.content.read(_MAX_BODY)
            while len(body) < _MAX_BODY and (more := await response.content.read(_MAX_BODY - len(body))):
                body += more
            status, content_type = response.status, response.headers.get("Content-Type", "")
        log.info("POST %s%s: %d, %d bytes", self.name, submission.path, status, len(body))
        return self._without_key(result_of(status, content_type, body))

    def _without_key(self, result: SubmitResult) -> SubmitResult:
        """A gateway may repeat its key in a text that people read."""
        if isinstance(result, Accepted):
            return result
        return msgspec.structs.replace(result, detail=self._secret.redact(result.detail))


def _no_answer(sent: SimpleNamespace, why: str) -> SubmitResult:
    return Unsure(why) if sent.headers else NotTaken(why)


async def _note_sent(
    _session: aiohttp.ClientSession, context: Any, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    """From now on the gateway may have the order."""
    context.trace_request_ctx.headers = True

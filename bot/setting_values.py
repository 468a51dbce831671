"""The types of settings: each validates the text, and reports in words what is wrong with it."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from bot.gateways.gateway import normalise_base_url

_EXAMPLES = re.compile(r"(.+\.)?example\.(com|net|org)")  # reserved names
_OWN_NAMES = re.compile(r"\.(local|localhost|internal|lan|home|arpa|test|docker)$")
_PLACEHOLDER = re.compile(r"(sk-)?(\.{3,}|…|x{3,}|<.*>|your[-_].*|change-?me|todo)", re.IGNORECASE)
_QUOTED = re.compile(r"(['\"`]).*\1")
_MASKED = "***"
_PRINTABLE = re.compile(r"[!-~]*")  # it is sent in an HTTP header
_HOST = r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"  # of a database, with its port
_SERVER = r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]+))?"  # the same, in its parts
_PORT, _LAST_PORT = "5432", 65_535
_MIN_TOKEN = 50  # characters
_MIN_ID = 10**14


def _secret(value: SecretStr) -> SecretStr:
    """Detects what was copied with extra characters, or from the wrong place."""
    text = value.get_secret_value()
    if prefix := re.match(r"(authorization\s*:\s*)?(bearer|bot)\s+|authorization\s*:", text, re.IGNORECASE):
        raise ValueError(f'write it without the "{prefix[0].strip()}" in front, which the bot adds itself')
    if _QUOTED.fullmatch(text):
        raise ValueError("write it without the quotation marks around it")
    if _PLACEHOLDER.fullmatch(text):
        raise ValueError("this is the placeholder of an example; write your own there")
    if _MASKED in text:
        raise ValueError("parts of it are hidden behind asterisks; copy it with the button of that page")
    if re.match(r"https?://", text, re.IGNORECASE):
        raise ValueError("this is an address; the secret itself belongs there")
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("it holds blanks or characters that no key has; copy it again")
    return value


def _token(value: SecretStr) -> SecretStr:
    if (text := value.get_secret_value()) and not re.fullmatch(r"[\w-]+(\.[\w-]+){2}", text, re.ASCII):
        raise ValueError(f"{_taken_for_a_token(text)}; Reset Token on the page Bot of the developer portal shows one")
    return value


def _taken_for_a_token(text: str) -> str:
    if re.fullmatch(r"[0-9]{15,20}", text):
        return "this is an id, such as the application's, and not the bot's token"
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return "this is the application's public key, and not the bot's token"
    if re.fullmatch(r"[\w-]{32}", text):
        return "this looks like the client secret of the page OAuth2, and is not the bot's token"
    return "this is not a bot's token, which has three parts with dots between them"


def is_likely_token(token: str) -> bool:
    """Whether it begins with the bot's id, and has a usual length, as all of Discord's tokens so far."""
    first = token.partition(".")[0]
    try:
        bot_id = base64.urlsafe_b64decode(f"{first}{'=' * (-len(first) % 4)}")
    except binascii.Error:
        return False
    return len(token) >= _MIN_TOKEN and bot_id.isdigit()


def _address(text: str) -> str:
    if text.strip().startswith("sk-"):
        raise ValueError("this is a key; type the gateway's address, as in https://gateway.example.com")
    address = normalise_base_url(text)
    if _EXAMPLES.fullmatch(urlsplit(address).hostname or ""):
        raise ValueError("this is the address of the example; type that of your gateway")
    return address


def is_open_to_others(base_url: str) -> bool:
    """Whether others can read what is sent there: without TLS, and outside of private networks."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        own = not ipaddress.ip_address(host).is_global
    except ValueError:
        own = "." not in host or bool(_OWN_NAMES.search(host))
    return parts.scheme == "http" and not own


def _database_url(url: str) -> str:
    return _postgresql_url(url) if re.match(r"postgres", url) else _sqlite_url(url)


def _postgresql_url(url: str) -> str:
    """Without its password in any sentence."""
    match = re.fullmatch(r"postgres(?:ql)?(?:\+psycopg)?://(?P<rest>[^#]*)", url)
    rest = _with_ports_apart(_with_hosts_apart(match["rest"])) if match else ""
    if not _names_database(rest):
        raise ValueError(
            "write it as postgresql://user:password@server:5432/database, with % codes for @, / and : in the password"
        )
    if find_spec("psycopg") is None:
        raise ValueError("PostgreSQL needs one more library: pip install 'suno-watch[postgres]'")
    return f"postgresql+psycopg://{rest}"


def _with_hosts_apart(url: str) -> str:
    """`user@a:1,[::1]/name` as both SQLAlchemy and PostgreSQL's tools take it: `user@/name?host=a,::1&port=1,5432`."""
    match = re.fullmatch(rf"(?P<who>[^/?]*@)?(?P<hosts>{_HOST}(?:,{_HOST})+)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?", url)
    if not match:
        return url
    servers = _servers(match["hosts"].split(","), [_PORT])
    return f"{match['who'] or ''}{match['path'] or ''}?{'&'.join([*servers, *filter(None, [match['query']])])}"


def _with_ports_apart(url: str) -> str:
    """`?host=a:1&host=b`, which SQLAlchemy alone understands, as `?host=a,b&port=1,5432`."""
    path, _, query = url.partition("?")
    hosts, ports = ([*_values(query, name)] for name in ("host", "port"))
    if not hosts:
        return url
    others = [part for part in query.split("&") if not part.startswith(("host=", "port="))]
    return f"{path}?{'&'.join([*_servers(hosts, ports), *others])}"


def _values(query: str, name: str) -> Iterator[str]:
    for part in query.split("&"):
        if part.startswith(f"{name}="):
            yield from unquote(part.partition("=")[2]).split(",")


def _servers(hosts: Sequence[str], ports: Sequence[str]) -> list[str]:
    """As parts of a query. `ports`: of hosts without one of their own."""
    found = [re.fullmatch(_SERVER, host) for host in hosts]
    names = [each["host"].strip("[]") if each else host for each, host in zip(found, hosts, strict=True)]
    named = f"host={quote(','.join(names), safe='/,:')}"
    own = [(each and each["port"]) or "" for each in found]
    if len(hosts) == 1 and not ports and not own[0]:
        return [named]
    others = [*ports, *[ports[0] if len(ports) == 1 else _PORT] * len(hosts)]
    return [named, f"port={','.join(port or other for port, other in zip(own, others, strict=False))}"]


def _names_database(rest: str) -> bool:
    """With bare / or @ in a password, a part of it would be taken for the server's name, and shown."""
    try:
        parts = urlsplit(f"//{rest}")
        name = parts.path.strip("/")
        return bool(unquote(name)) and not re.search("[/@]", name) and _names_server(parts)
    except ValueError:
        return False


def _names_server(parts: SplitResult) -> bool:
    """Raises ValueError."""
    who, _, server = parts.netloc.rpartition("@")
    ports = [port for name, value in parse_qsl(parts.query) if name == "port" for port in value.split(",")]
    in_range = all(port.isdecimal() and 0 < int(port) <= _LAST_PORT for port in ports)
    return "@" not in who and parts.port != 0 and "," not in server and in_range


def _sqlite_url(url: str) -> str:
    match = re.fullmatch(r"sqlite(?:\+aiosqlite)?:///(?P<path>[^?#]+)", url)
    if not match:
        raise ValueError(
            "it takes an SQLite file, as in sqlite:///data/suno-watch.db, or postgresql://user:password@server/database"
        )
    path = unquote(match["path"])  # as SQLAlchemy does
    if ":memory:" in path or path.startswith("file:"):
        raise ValueError("what is in memory alone is lost at every restart; name a file, as in sqlite:///data/bot.db")
    if path.startswith("~") or "$" in path:
        raise ValueError("~ and $ are not filled in; write the full path, which begins with four slashes in all")
    if path.endswith("/") or Path(path).is_dir():
        raise ValueError("this is a folder; add the name of a file, as in sqlite:///data/suno-watch.db")
    if Path(path).exists() and not Path(path).is_file():
        raise ValueError("this is no file on a disk; name one, as in sqlite:///data/suno-watch.db")
    return f"sqlite+aiosqlite:///{quote(path)}"


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _split(value: object) -> object:
    """At commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        match = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^\s/:@\[\]*]+)(:(?P<port>\d{1,5}))?", host.lower())
        if not match or int(match["port"] or 1) not in range(1, 65_536):
            raise ValueError("each entry is a host or host:port, as in media.example.com,10.0.0.7:9000")
    return tuple(host.lower() for host in hosts)


def _user_ids(ids: tuple[int, ...]) -> tuple[int, ...]:
    if not all(_MIN_ID <= each < 2**64 for each in ids):
        raise ValueError("Discord's ids of people have 15 to 20 digits; a right click on a person shows Copy User ID")
    return ids


Secret = Annotated[SecretStr, AfterValidator(_secret)]
Token = Annotated[SecretStr, AfterValidator(_secret), AfterValidator(_token)]
BaseUrl = Annotated[str, AfterValidator(_address)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_hosts)]
UserIds = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split), AfterValidator(_user_ids)]
Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
SongOptions = Annotated[
    tuple[Literal["cover", "exclude", "voice", "weights"], ...],
    NoDecode,
    BeforeValidator(_split),
    BeforeValidator(_lower),
]
Price = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None
StatusWord = BeforeValidator(_lower)

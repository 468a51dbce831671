"""The operator's settings, validated as a whole; all faults are reported at once, in sentences.

One file, because docs/configuration.md is generated from it, in its order.
"""

import os
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from bot.environment import Written, read_environment
from bot.errors import SettingsError
from bot.setting_faults import sentence
from bot.setting_values import (
    BaseUrl,
    DatabaseUrl,
    Hosts,
    Price,
    Secret,
    SongOptions,
    StatusWord,
    Texts,
    Token,
    UserIds,
    is_likely_token,
    is_open_to_others,
)

DEFAULT_GATEWAY = "default"
_MIB = 1024 * 1024


def _without_the_first(gateways: dict[str, "GatewaySettings"]) -> dict[str, "GatewaySettings"]:
    if DEFAULT_GATEWAY in gateways:
        raise ValueError(f"{DEFAULT_GATEWAY} is the name of the gateway at SUNO_BASE_URL; give this one another")
    return gateways


def gateway_prefix(name: str) -> str:
    """The prefix of the names of a gateway's settings."""
    return "SUNO_" if name == DEFAULT_GATEWAY else f"SUNO_GATEWAYS__{name.upper()}__"


class GatewaySettings(BaseModel):
    """Another gateway, under a name of its own."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")

    base_url: BaseUrl
    """The address of another gateway. Tasks are looked up at the first one, then at these."""

    api_key: Secret = SecretStr("")
    """Your key there."""

    models: Texts = ()
    """Like `SUNO_MODELS`, for that gateway."""

    price: Price = None
    """Like `SUNO_PRICE`, for that gateway."""

    can: SongOptions = ()
    """Like `SUNO_CAN`, for that gateway."""

    key_is_ours: Annotated[Literal["on", "off"], StatusWord] = "off"
    """Like `SUNO_KEY_IS_OURS`, for that gateway."""


def _servers_of(database: SplitResult) -> str:
    """Of a PostgreSQL database, with their ports; empty: it has no address."""
    several = dict(parse_qsl(database.query))
    hosts = [database.hostname or "", *several.get("host", "").split(",")]
    ports = [str(database.port or ""), *several.get("port", "").split(",")]
    named = [(f"[{host}]" if ":" in host else host, port) for host, port in zip_longest(hosts, ports, fillvalue="")]
    return ", ".join(f"{host}:{port}" if port else host for host, port in named if host)


class Settings(BaseSettings):
    """Variables have the fields' names in capitals; the fields' docstrings are docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    discord_token: Annotated[Token, Field(min_length=1)]
    """The bot's token, from the Bot page of the Discord developer portal."""

    suno_base_url: BaseUrl
    """Your gateway's address: the part before `/suno/fetch`."""

    suno_api_key: Secret = SecretStr("")
    """Your key at this gateway. It is sent nowhere else."""

    suno_gateways: Annotated[dict[str, GatewaySettings], AfterValidator(_without_the_first)] = Field(
        default_factory=dict
    )

    suno_models: Texts = ()
    """Models to order songs with, by this gateway's names, the default first. If not set, models that finished there
    lately are offered, or else Suno's newest.
    """

    suno_price: Price = None
    """The price of one song at this gateway, in its unit of money. If not set, it is read from the gateway's price
    list.
    """

    suno_can: SongOptions = ()
    """The options that this gateway is known to pass on to Suno. For other options, people are warned before they pay
    that they may be ignored. Without `cover`, `/suno cover` is not offered.
    """

    suno_key_is_ours: Annotated[Literal["on", "off"], StatusWord] = "off"
    """Whether only this bot uses the key. Only then does the gateway's usage log show whether an order without an
    answer was charged.
    """

    create: Annotated[Literal["on", "off"], StatusWord] = "off"
    """Whether people may order songs, for which the owner of the key pays. A manager must also turn it on in each
    server, with `/suno-admin create`.
    """

    create_per_day: Annotated[int, Field(ge=1, le=100_000)] = 50
    """How many songs may be ordered per day (UTC) by everybody together."""

    create_keep_balance: Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)] | None = None
    """No song is ordered while the key's credit is below this, in the unit that the card shows."""

    create_at_once: Annotated[int, Field(ge=1, le=100)] = 2
    """How many orders may run at one gateway. The others wait."""

    create_servers: UserIds = ()
    """Ids of the servers in which songs may be ordered; if empty, all in which a manager has turned it on."""

    create_in_dms: Annotated[Literal["listed", "off"], StatusWord] = "off"
    """Whether the people in `PRIVATE_USERS` may order songs in DMs, too."""

    database_url: Annotated[DatabaseUrl, Field(validate_default=True)] = "sqlite:///data/suno-watch.db"
    """Where the bot stores its data: an SQLite file, created if it does not exist (four slashes begin a full path), or
    a database of a PostgreSQL server, `postgresql://user:password@server/database`, with `suno-watch[postgres]`. Of
    several servers, as in `server-1:5432,server-2:5432`, the one is used that is the primary.
    """

    poll_interval_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 5.0
    """How often a watched task is polled until the gateway's update cycle is known; less and less often while nothing
    changes.
    """

    gateway_requests_at_once: Annotated[int, Field(ge=1, le=64)] = 4
    """How many requests to one gateway may run at once. With more than one, one is reserved for people's requests and
    one for watched tasks.
    """

    gateway_requests_per_second: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] = 20.0
    """How many requests per second may be sent to one gateway, however many tasks are watched or looked up. Watched
    tasks and people take turns, and so do different people.
    """

    watches_per_user: Annotated[int, Field(ge=1, le=100_000)] = 500
    """How many tasks one person may watch."""

    private_use: Annotated[Literal["members", "listed", "everyone", "off"], StatusWord] = "members"
    """Who may use the bot in DMs, and where it is installed to an account but is not a member: members of a server that
    it is in, listed people, everyone, or nobody.
    """

    private_users: Annotated[UserIds, Field(validate_default=True)] = ()
    """Ids of people who may do so in any case."""

    requests_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60
    """How many commands and buttons one person may use per minute."""

    messages_at_once: Annotated[int, Field(ge=1, le=48)] = 8
    """How many messages may be uploaded to Discord at once, whatever the number of servers. More help if many songs
    finish together and the upload is fast; Discord allows a bot 50 requests a second.
    """

    shards: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """How many shards (connections for events) to open. If not set, as many as Discord advises: one, until the bot is
    in more than about 1,000 servers.
    """

    media_allow_hosts: Hosts = ()
    """Hosts (`host` or `host:port`) in a private network from which songs may be fetched, in addition to all public
    ones.
    """

    upload_limit_mib: Annotated[float, Field(gt=0, le=500, allow_inf_nan=False)] = 20.0
    """The largest file to post where Discord does not give its own limit, in MiB."""

    extras: Annotated[Literal["on", "off"], StatusWord] = "on"
    """Whether people may have the gateway asked for timed lyrics, a WAV or a video of a song. Many gateways charge for
    each of these.
    """

    http_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """The port for `/healthz`, `/readyz` and Prometheus' `/metrics`; off unless set."""

    http_host: str = "127.0.0.1"
    """The address to listen on for that. Use `0.0.0.0` in a container that others connect to."""

    log_level: Annotated[Literal["debug", "info", "warning", "error"], StatusWord] = "info"
    """How much is logged, to standard error."""

    log_format: Annotated[Literal["plain", "json"], StatusWord] = "plain"
    """Lines for people, or one JSON object per line."""

    @field_validator("private_users")
    @classmethod
    def _are_listed(cls, users: tuple[int, ...], others: ValidationInfo) -> tuple[int, ...]:
        if others.data.get("private_use") == "listed" and not users:
            raise ValueError("PRIVATE_USE=listed allows only these people, and there are none; write their ids there")
        return users

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, env_settings, dotenv_settings, file_secret_settings  # load_settings reads them all
        return (init_settings,)

    @property
    def gateways(self) -> dict[str, GatewaySettings]:
        """By name, in the order in which they are asked."""
        first = GatewaySettings(
            base_url=self.suno_base_url,
            api_key=self.suno_api_key,
            models=self.suno_models,
            price=self.suno_price,
            can=self.suno_can,
            key_is_ours=self.suno_key_is_ours,
        )
        return {DEFAULT_GATEWAY: first, **self.suno_gateways}

    @property
    def database_file(self) -> Path | None:
        """The real file, with symbolic links resolved: SQLite's other files lie beside it. None: PostgreSQL."""
        if not self.database_url.startswith("sqlite"):
            return None
        return Path(os.path.realpath(unquote(self.database_url.partition("///")[2])))

    @property
    def database_name(self) -> str:
        """For people, without a password."""
        if file := self.database_file:
            return str(file)
        parts = urlsplit(self.database_url)
        return f"{unquote(parts.path).strip('/')} at {_servers_of(parts) or 'the local server'}"

    @property
    def upload_limit(self) -> int:
        """In bytes."""
        return int(self.upload_limit_mib * _MIB)

    @property
    def secrets(self) -> tuple[str, ...]:
        keys = [self.discord_token, *(gateway.api_key for gateway in self.gateways.values())]
        password = unquote(urlsplit(self.database_url).password or "")
        return (*(key.get_secret_value() for key in keys if key.get_secret_value()), *([password] if password else []))


class _Unfolded(EnvSettingsSource):
    """The settings as written, with the names of nested settings unfolded."""

    def __init__(self, written: Written) -> None:
        self._written = written
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._written.values


def load_settings(**given: Any) -> Settings:
    """Reads all settings; `given` overrides them. Raises SettingsError."""
    written = _written()
    try:
        unfolded = _Unfolded(written)()
    except SourceError:
        raise SettingsError([*written.faults, sentence(("suno_gateways",), "dict_type", "", {})]) from None
    return _validated(unfolded | given, written)


def given_settings(**given: Any) -> Settings:
    """Only the given settings, without the environment. Raises SettingsError."""
    return _validated(given, Written({}, [], [], []))


def doubts(settings: Settings) -> list[str]:
    """Probable mistakes, in sentences without values. They prevent nothing."""
    found = list(_written().doubts)
    if not is_likely_token(settings.discord_token.get_secret_value()):
        found.append("DISCORD_TOKEN does not look like a bot's token, which is longer and begins with the bot's id")
    for name, gateway in settings.gateways.items():
        prefix = gateway_prefix(name)
        if not gateway.api_key.get_secret_value():
            found.append(f"{prefix}API_KEY is empty: most gateways refuse requests without a key")
        elif is_open_to_others(gateway.base_url):
            found.append(
                f"{prefix}BASE_URL begins with http:// and leads through the internet, where others can read the key"
            )
    addresses = [gateway.base_url for gateway in settings.gateways.values()]
    found += [f"{each} is the address of more than one gateway" for each in set(addresses) if addresses.count(each) > 1]
    return found


def where_settings_are() -> str:
    """A sentence for operators who wonder why a setting is not found."""
    file = _env_file().absolute()
    if file.is_file():
        return f"Settings are read from the environment and from {file}."
    return f"Settings are read from the environment; there is no file {file}."


def settings_files() -> list[Path]:
    """Existing files with secrets: `.env`, and those named by `*_FILE`."""
    return [each for each in (_env_file(), *_written().files) if each.is_file()]


def _env_file() -> Path:
    return Path(str(Settings.model_config["env_file"]))


def _written() -> Written:
    """Raises SettingsError."""
    return read_environment([name.upper() for name in Settings.model_fields], _env_file())


def _validated(values: Mapping[str, Any], written: Written) -> Settings:
    try:
        settings = Settings(**{"_env_file": None, **values})  # it was read before
    except ValidationError as error:
        schema = Settings.model_json_schema()
        sentences = [sentence(fault["loc"], fault["type"], fault["msg"], schema) for fault in error.errors()]
        raise SettingsError(list(dict.fromkeys([*written.faults, *sentences, *written.doubts]))) from None
    if written.faults:
        raise SettingsError([*written.faults, *written.doubts])
    return settings

"""Settings: the environment, `.env`, and secrets in files named by `*_FILE`; every fault is told at once."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from bot.errors import SettingsError
from bot.gateways.gateway import normalise_base_url

DEFAULT_GATEWAY = "default"
_MIB = 1024 * 1024


def _split_hosts(value: object) -> object:
    return tuple(part.strip().lower() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _split_numbers(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _known_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if not re.fullmatch(r"(\[[0-9a-f:.]+\]|[^\s/:@\[\]]+)(:\d{1,5})?", host):
            raise ValueError("each entry is a host or host:port, as in media.example.com,10.0.0.7:9000")
    return hosts


def _sqlite_url(url: str) -> str:
    match = re.fullmatch(r"sqlite(?:\+aiosqlite)?:///(?P<path>[^?#]+)", url)
    if not match:
        raise ValueError("only SQLite files are supported, as in sqlite:///data/suno-watch.db")
    return f"sqlite+aiosqlite:///{match['path']}"


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _printable(value: SecretStr) -> SecretStr:
    """A key travels in an HTTP header: a line break or a fancy quote in it comes of a slip while copying."""
    if not re.fullmatch(r"[!-~]*", value.get_secret_value()):
        raise ValueError("it holds blanks or characters that no key has; copy it again")
    return value


BaseUrl = Annotated[str, AfterValidator(normalise_base_url)]


def _without_the_first(gateways: dict[str, "GatewaySettings"]) -> dict[str, "GatewaySettings"]:
    if DEFAULT_GATEWAY in gateways:
        raise ValueError(f"{DEFAULT_GATEWAY} is the name of the gateway at SUNO_BASE_URL; give this one another")
    return gateways


Secret = Annotated[SecretStr, AfterValidator(_printable)]


class GatewaySettings(BaseModel):
    """One more gateway, under a name of its own."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    base_url: BaseUrl
    """The address of one more gateway, under a name of yours. Tasks are looked for at the first one, then at these."""

    api_key: Secret = SecretStr("")
    """Your key there."""


class Settings(BaseSettings):
    """The variables have the names of the fields, in capitals; their docstrings are docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8-sig",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    discord_token: Annotated[Secret, Field(min_length=1)]
    """The bot's token, from the Bot page of the Discord developer portal."""

    suno_base_url: BaseUrl
    """Your gateway's address: what stands before `/suno/fetch`."""

    suno_api_key: Secret = SecretStr("")
    """Your key at this gateway. It is sent there and to nobody else."""

    suno_gateways: Annotated[dict[str, GatewaySettings], AfterValidator(_without_the_first)] = Field(
        default_factory=dict
    )

    database_url: Annotated[str, AfterValidator(_sqlite_url)] = Field(
        default="sqlite:///data/suno-watch.db", validate_default=True
    )
    """Where the bot remembers things: an SQLite file, made when it is not there. Four slashes begin a full path."""

    poll_interval_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 5.0
    """How often a watched task is looked at until the gateway's own beat is known; less and less often while nothing
    changes.
    """

    gateway_requests_at_once: Annotated[int, Field(ge=1, le=64)] = 4
    """How many requests to one gateway may be on their way. Of more than one, one is kept for people who ask and one
    for the watched tasks.
    """

    gateway_requests_per_second: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] = 20.0
    """How many requests a second may leave for one gateway, however many tasks are watched or asked for. Watched tasks
    and people have their turns one after the other, and so have people among each other.
    """

    watches_per_user: Annotated[int, Field(ge=1, le=100_000)] = 500
    """How many tasks one person may have watched."""

    private_use: Annotated[Literal["members", "listed", "everyone", "off"], BeforeValidator(_lower)] = "members"
    """Who may use the bot where it is no member, in DMs and installed to an account: members of a server that it is
    in, those who are listed, everyone, or nobody.
    """

    private_users: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split_numbers)] = ()
    """Ids of people who may in any case."""

    requests_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60
    """How many commands and buttons one person may use in a minute."""

    media_allow_hosts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_split_hosts), AfterValidator(_known_hosts)
    ] = ()
    """Hosts (`host` or `host:port`) of a private network that songs may be fetched from, beside all public ones."""

    upload_limit_mib: Annotated[float, Field(gt=0, le=500, allow_inf_nan=False)] = 20.0
    """The largest file to post where Discord does not say how much it takes, in MiB."""

    http_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Where to answer `/healthz`, `/readyz` and Prometheus' `/metrics`; off unless it is set."""

    http_host: str = "127.0.0.1"
    """The address to listen at for that. In a container that others ask it is `0.0.0.0`."""

    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    """How much is logged, to standard error."""

    log_format: Annotated[Literal["plain", "json"], BeforeValidator(_lower)] = "plain"
    """Lines for people, or one JSON object a line."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del file_secret_settings  # ours reads single files, wherever they are
        return init_settings, env_settings, dotenv_settings, SecretFiles(settings_cls)

    @property
    def gateways(self) -> dict[str, GatewaySettings]:
        """By name, in the order in which they are asked."""
        first = GatewaySettings(base_url=self.suno_base_url, api_key=self.suno_api_key)
        return {DEFAULT_GATEWAY: first, **self.suno_gateways}

    @property
    def database_file(self) -> Path:
        return Path(self.database_url.partition("///")[2])

    @property
    def upload_limit(self) -> int:
        """In bytes."""
        return int(self.upload_limit_mib * _MIB)

    @property
    def secrets(self) -> tuple[str, ...]:
        keys = [self.discord_token, *(gateway.api_key for gateway in self.gateways.values())]
        return tuple(key.get_secret_value() for key in keys if key.get_secret_value())


class SecretFiles(EnvSettingsSource):
    """`NAME_FILE=/path` stands for `NAME=<what the file holds>`, the way container secrets arrive."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        named = {**dotenv_values(".env", encoding="utf-8-sig"), **os.environ}
        return {
            name.removesuffix("_FILE").lower(): _read_secret(name, path)
            for name, path in named.items()
            if path and name.endswith("_FILE") and self._is_setting(name.removesuffix("_FILE").lower())
        }

    def _is_setting(self, name: str) -> bool:
        return name.partition("__")[0] in self.settings_cls.model_fields


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{name}: the file cannot be read ({type(error).__name__})"]) from error


def load_settings(**given: Any) -> Settings:
    """Read them all; `given` wins over the environment. Raises SettingsError."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(
            [_sentence(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
        ) from None
    except SourceError as error:
        raise SettingsError([str(error)]) from None


_MISSING = {
    "DISCORD_TOKEN": "the bot's token, from the Bot page of the Discord developer portal",
    "SUNO_BASE_URL": "the address of your gateway, as in https://gateway.example.com",
}


def _sentence(path: tuple[int | str, ...], kind: str, message: str) -> str:
    name = "__".join(str(part) for part in path).upper()
    if kind in ("missing", "too_short"):
        return f"{name} is missing: {_MISSING.get(name, 'it has no default')}"
    return f"{name}: {message.removeprefix('Value error, ')}"

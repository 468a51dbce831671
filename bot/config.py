"""Settings: what the operator wrote, judged as a whole; every fault is told at once, in words."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote

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
    Hosts,
    Price,
    Secret,
    SqliteUrl,
    StatusWord,
    Texts,
    Token,
    UserIds,
    Wishes,
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
    """Of the names of a gateway's settings."""
    return "SUNO_" if name == DEFAULT_GATEWAY else f"SUNO_GATEWAYS__{name.upper()}__"


class GatewaySettings(BaseModel):
    """One more gateway, under a name of its own."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")

    base_url: BaseUrl
    """The address of one more gateway, under a name of yours. Tasks are looked for at the first one, then at these."""

    api_key: Secret = SecretStr("")
    """Your key there."""

    models: Texts = ()
    """As `SUNO_MODELS`, of that gateway."""

    price: Price = None
    """As `SUNO_PRICE`, of that gateway."""

    can: Wishes = ()
    """As `SUNO_CAN`, of that gateway."""

    key_is_ours: Annotated[Literal["on", "off"], StatusWord] = "off"
    """As `SUNO_KEY_IS_OURS`, of that gateway."""


class Settings(BaseSettings):
    """The variables have the names of the fields, in capitals; their docstrings are docs/configuration.md."""

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
    """Your gateway's address: what stands before `/suno/fetch`."""

    suno_api_key: Secret = SecretStr("")
    """Your key at this gateway. It is sent there and to nobody else."""

    suno_gateways: Annotated[dict[str, GatewaySettings], AfterValidator(_without_the_first)] = Field(
        default_factory=dict
    )

    suno_models: Texts = ()
    """Models to order songs with, as this gateway calls them, the first being the usual one. Otherwise those are
    offered that finished there lately, or else Suno's newest.
    """

    suno_price: Price = None
    """What one order of a song costs at this gateway, in its unit of money. Otherwise its price list is asked."""

    suno_can: Wishes = ()
    """What this gateway is known to pass on to Suno. Of a wish that is not listed, people are told before they pay that
    it may be ignored, and `/suno cover` is not offered at all.
    """

    suno_key_is_ours: Annotated[Literal["on", "off"], StatusWord] = "off"
    """Whether nothing but this bot uses the key. Only then does the gateway's usage log tell whether an order that was
    never answered was charged.
    """

    create: Annotated[Literal["on", "off"], StatusWord] = "off"
    """Whether people may order songs, which the owner of the key pays for. In each server a manager must turn it on as
    well, with `/suno-admin create`.
    """

    create_per_day: Annotated[int, Field(ge=1, le=100_000)] = 50
    """How many songs everybody together may order in a day (of UTC)."""

    create_keep_balance: Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)] | None = None
    """No song is ordered while the key has less credit left than that, in the unit that the card shows."""

    create_at_once: Annotated[int, Field(ge=1, le=100)] = 2
    """How many orders may be under way at one gateway. Those behind them wait for their turn."""

    create_servers: UserIds = ()
    """Ids of the servers in which songs may be ordered; without any, in all where a manager has turned it on."""

    create_in_dms: Annotated[Literal["listed", "off"], StatusWord] = "off"
    """Whether the people in `PRIVATE_USERS` may order songs in DMs, too."""

    database_url: Annotated[SqliteUrl, Field(validate_default=True)] = "sqlite:///data/suno-watch.db"
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

    private_use: Annotated[Literal["members", "listed", "everyone", "off"], StatusWord] = "members"
    """Who may use the bot where it is no member, in DMs and installed to an account: members of a server that it is
    in, those who are listed, everyone, or nobody.
    """

    private_users: Annotated[UserIds, Field(validate_default=True)] = ()
    """Ids of people who may in any case."""

    requests_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60
    """How many commands and buttons one person may use in a minute."""

    media_allow_hosts: Hosts = ()
    """Hosts (`host` or `host:port`) of a private network that songs may be fetched from, beside all public ones."""

    upload_limit_mib: Annotated[float, Field(gt=0, le=500, allow_inf_nan=False)] = 20.0
    """The largest file to post where Discord does not say how much it takes, in MiB."""

    extras: Annotated[Literal["on", "off"], StatusWord] = "on"
    """Whether people may have the gateway asked for timed lyrics, a WAV or a video of a song. Many gateways charge for
    each of these.
    """

    http_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Where to answer `/healthz`, `/readyz` and Prometheus' `/metrics`; off unless it is set."""

    http_host: str = "127.0.0.1"
    """The address to listen at for that. In a container that others ask it is `0.0.0.0`."""

    log_level: Annotated[Literal["debug", "info", "warning", "error"], StatusWord] = "info"
    """How much is logged, to standard error."""

    log_format: Annotated[Literal["plain", "json"], StatusWord] = "plain"
    """Lines for people, or one JSON object a line."""

    @field_validator("private_users")
    @classmethod
    def _are_listed(cls, users: tuple[int, ...], others: ValidationInfo) -> tuple[int, ...]:
        if others.data.get("private_use") == "listed" and not users:
            raise ValueError("PRIVATE_USE=listed lets in these people alone, and there are none; write their ids there")
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
    def database_file(self) -> Path:
        """Where it really lies, symbolic links followed: what SQLite writes beside it lies there, too."""
        return Path(os.path.realpath(unquote(self.database_url.partition("///")[2])))

    @property
    def upload_limit(self) -> int:
        """In bytes."""
        return int(self.upload_limit_mib * _MIB)

    @property
    def secrets(self) -> tuple[str, ...]:
        keys = [self.discord_token, *(gateway.api_key for gateway in self.gateways.values())]
        return tuple(key.get_secret_value() for key in keys if key.get_secret_value())


class _Unfolded(EnvSettingsSource):
    """What was written, with the names of nested settings unfolded."""

    def __init__(self, written: Written) -> None:
        self._written = written
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._written.values


def load_settings(**given: Any) -> Settings:
    """Read them all; `given` wins over what the operator wrote. Raises SettingsError."""
    written = _written()
    try:
        unfolded = _Unfolded(written)()
    except SourceError:
        raise SettingsError([*written.faults, sentence(("suno_gateways",), "dict_type", "", {})]) from None
    return _judged(unfolded | given, written)


def given_settings(**given: Any) -> Settings:
    """Those alone, whatever the operator wrote. Raises SettingsError."""
    return _judged(given, Written({}, [], [], []))


def doubts(settings: Settings) -> list[str]:
    """What is probably not meant so, in sentences without values. It keeps nothing from working."""
    found = list(_written().doubts)
    if not is_likely_token(settings.discord_token.get_secret_value()):
        found.append("DISCORD_TOKEN does not look like a bot's token, which is longer and begins with the bot's id")
    for name, gateway in settings.gateways.items():
        prefix = gateway_prefix(name)
        if not gateway.api_key.get_secret_value():
            found.append(f"{prefix}API_KEY is empty: most gateways refuse whoever brings no key")
        elif is_open_to_others(gateway.base_url):
            found.append(
                f"{prefix}BASE_URL begins with http:// and leads through the internet, where others can read the key"
            )
    addresses = [gateway.base_url for gateway in settings.gateways.values()]
    found += [f"{each} is the address of more than one gateway" for each in set(addresses) if addresses.count(each) > 1]
    return found


def where_settings_are() -> str:
    """A sentence for who wonders why a setting is not found."""
    file = _env_file().absolute()
    if file.is_file():
        return f"Settings are read from the environment and from {file}."
    return f"Settings are read from the environment; there is no file {file}."


def settings_files() -> list[Path]:
    """Those that hold secrets and are there: `.env`, and those that `*_FILE` names."""
    return [each for each in (_env_file(), *_written().files) if each.is_file()]


def _env_file() -> Path:
    return Path(str(Settings.model_config["env_file"]))


def _written() -> Written:
    """Raises SettingsError."""
    return read_environment([name.upper() for name in Settings.model_fields], _env_file())


def _judged(values: Mapping[str, Any], written: Written) -> Settings:
    try:
        settings = Settings(**{"_env_file": None, **values})  # it was read before
    except ValidationError as error:
        schema = Settings.model_json_schema()
        told = [sentence(fault["loc"], fault["type"], fault["msg"], schema) for fault in error.errors()]
        raise SettingsError(list(dict.fromkeys([*written.faults, *told, *written.doubts]))) from None
    if written.faults:
        raise SettingsError([*written.faults, *written.doubts])
    return settings

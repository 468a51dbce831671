"""The settings, as an operator writes them: in the environment, in .env, in files of secrets."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from bot.config import Settings, load_settings
from bot.errors import SettingsError

ROOT = Path(__file__).parents[2]
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.the-bots-own-token-0123456789abcdef"
OTHER = "MTIzNDU2Nzg5MDEyMzQ1Njc5.GabcdE.the-bots-own-token-0123456789abcdef"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and an environment with what is needed, and nothing else."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("SUNO_BASE_URL", "https://gw.example/v1/")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_settings_are_enough() -> None:
    settings = load_settings()
    assert (settings.suno_base_url, settings.poll_interval_seconds) == ("https://gw.example", 5.0)
    assert settings.database_url == "sqlite+aiosqlite:///data/suno-watch.db"
    assert list(settings.gateways) == ["default"]
    assert settings.secrets == (TOKEN,)


def test_more_gateways_come_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUNO_GATEWAYS__BACKUP__BASE_URL", "https://other.example/suno")
    monkeypatch.setenv("SUNO_GATEWAYS__BACKUP__API_KEY", "sk-other")
    settings = load_settings()
    assert list(settings.gateways) == ["default", "backup"]
    assert settings.gateways["backup"].base_url == "https://other.example"
    assert settings.secrets == (TOKEN, "sk-other")


@pytest.mark.parametrize("name", ["DEFAULT", "default"])
def test_no_other_gateway_takes_the_name_of_the_first(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"SUNO_GATEWAYS__{name}__BASE_URL", "https://other.example")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert refusal.value.faults == (
        "SUNO_GATEWAYS: default is the name of the gateway at SUNO_BASE_URL; give this one another",
    )


def test_a_dot_env_file_is_read_and_the_environment_wins(folder: Path) -> None:
    (folder / ".env").write_text(
        '\ufeffDISCORD_TOKEN=an.other.token\nSUNO_API_KEY="sk-key"\nPOLL_INTERVAL_SECONDS=0.5\n', "utf-8"
    )
    settings = load_settings()
    assert settings.secrets == (TOKEN, "sk-key")
    assert settings.poll_interval_seconds == 0.5


def test_secrets_may_lie_in_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "token").write_text(f"{OTHER}\n")
    (folder / "key").write_text("sk-from-a-file")
    monkeypatch.delenv("DISCORD_TOKEN")
    monkeypatch.setenv("DISCORD_TOKEN_FILE", str(folder / "token"))
    monkeypatch.setenv("SUNO_GATEWAYS__B__BASE_URL", "https://b.example")
    monkeypatch.setenv("SUNO_GATEWAYS__B__API_KEY_FILE", str(folder / "key"))
    assert load_settings().secrets == (OTHER, "sk-from-a-file")


def test_a_secret_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUNO_API_KEY_FILE", "/nowhere/key")
    with pytest.raises(SettingsError, match="SUNO_API_KEY_FILE: there is no such file"):
        load_settings()


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLL_INTERVAL_SECONDS", "")
    monkeypatch.setenv("MEDIA_ALLOW_HOSTS", "")
    assert load_settings().media_allow_hosts == ()


def test_hosts_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_ALLOW_HOSTS", "Media.example, 10.0.0.7:9000 ,[::1]:80,")
    assert load_settings().media_allow_hosts == ("media.example", "10.0.0.7:9000", "[::1]:80")


def test_all_faults_are_reported_together_without_values(monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = {
        "DISCORD_TOKEN": "to ken-that-is-secret",
        "SUNO_BASE_URL": "gw.example",
        "SUNO_API_KEY": "sk-“fancy-secret”",
        "SUNO_GATEWAYS__B__API_KEY": "sk-b",
        "DATABASE_URL": "mysql://root:secret@db/x",
        "POLL_INTERVAL_SECONDS": "often",
        "MEDIA_ALLOW_HOSTS": "http://x/",
        "UPLOAD_LIMIT_MIB": "-1",
        "LOG_LEVEL": "loud",
        "LOG_FORMAT": "xml",
    }
    for name, value in faulty.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    sentences = refusal.value.faults
    for name in (*faulty.keys() - {"SUNO_GATEWAYS__B__API_KEY"}, "SUNO_GATEWAYS__B__BASE_URL"):
        assert any(sentence.startswith(name) for sentence in sentences), (name, sentences)
    assert "secret" not in str(refusal.value)


def test_missing_settings_are_reported_with_where_to_find_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISCORD_TOKEN")
    monkeypatch.delenv("SUNO_BASE_URL")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert refusal.value.faults == (
        "DISCORD_TOKEN is missing: the bot's token, from the Bot page of the Discord developer portal",
        "SUNO_BASE_URL is missing: the address of your gateway, as in https://gateway.example.com",
    )


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "3601"])
def test_an_interval_that_makes_no_sense(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("POLL_INTERVAL_SECONDS", value)
    with pytest.raises(SettingsError, match="POLL_INTERVAL_SECONDS"):
        load_settings()


def test_the_example_file_documents_every_setting() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert name.upper() in text


def test_a_database_may_have_several_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:p%2Cw@one.example:5433,two,[::1]/songs?sslmode=require")
    settings = load_settings()
    where = make_url(settings.database_url)
    assert where.query == {"host": "one.example,two,::1", "port": "5433,5432,5432", "sslmode": "require"}
    assert (where.username, where.password, where.database) == ("ada", "p,w", "songs")
    assert settings.database_name == "songs at one.example:5433, two:5432, [::1]:5432"
    connected = make_url(settings.database_url).get_dialect()().create_connect_args(where)[1]
    assert (connected["host"], connected["port"]) == ("one.example,two,::1", "5433,5432,5432")


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("host=one:5433&host=two", "one,two", "5433,5432"),
        ("host=one&host=two&port=5433", "one,two", "5433,5433"),
        ("host=one,two&port=5433,5434", "one,two", "5433,5434"),
        ("host=one,two", "one,two", "5432,5432"),
        ("host=[::1]:5433&host=two:5434", "::1,two", "5433,5434"),
        ("host=%3A%3A1&host=two:5434", "::1,two", "5432,5434"),
        ("host=one:5433", "one", "5433"),
        ("host=%2Fvar%2Frun", "/var/run", None),
    ],
)
def test_servers_in_the_query_are_written_as_the_tools_of_postgresql_take_them(
    monkeypatch: pytest.MonkeyPatch, written: str, host: str, port: str | None
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://ada@/songs?sslmode=require&{written}")
    url = load_settings().database_url
    where = make_url(url)
    assert where.query == {name: x for name, x in (("host", host), ("port", port)) if x} | {"sslmode": "require"}
    connected = where.get_dialect()().create_connect_args(where)[1]
    assert (connected["host"], connected.get("port")) == (host, port)
    told = conninfo_to_dict(url.replace("+psycopg", ""))
    assert (told["host"], told.get("port")) == (host, port)


@pytest.mark.parametrize(
    "hosts", ["one,", "one:x,two", "one:0,two", "one:99999,two", "one,two:", "one,[::1", "[::g],two"]
)
def test_a_faulty_list_of_servers_is_told(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{hosts}/songs")
    with pytest.raises(SettingsError, match="DATABASE_URL: write it as"):
        load_settings()

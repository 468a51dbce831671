"""What operators really write into .env and the environment, and the messages that they get."""

import os
from pathlib import Path

import pytest

from bot.config import Settings, doubts, given_settings, load_settings, where_settings_are
from bot.errors import SettingsError

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.the-bots-own-token-0123456789abcdef"
GOOD = f"DISCORD_TOKEN={TOKEN}\nSUNO_BASE_URL=https://gw.example\nSUNO_API_KEY=sk-0123456789\n"


@pytest.fixture(autouse=True)
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In a folder of its own, and an environment without settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ".env"
    file.write_text(GOOD)
    return file


def faults() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    return refusal.value.faults


def test_a_good_file_raises_no_doubt(env_file: Path) -> None:
    assert doubts(load_settings()) == []
    assert str(env_file) in where_settings_are()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_as_windows_writes_it(env_file: Path, encoding: str) -> None:
    env_file.write_bytes(GOOD.encode(encoding))
    (fault,) = faults()
    assert "is saved as UTF-16" in fault
    assert "Save it as UTF-8" in fault


@pytest.mark.parametrize("encoding", ["latin-1", "gbk"])
def test_other_encodings_are_told_with_the_line(env_file: Path, encoding: str) -> None:
    env_file.write_bytes(GOOD.encode() + "# ê".encode(encoding))
    (fault,) = faults()
    assert "is not saved as UTF-8: line 4" in fault


@pytest.mark.parametrize("line", ["DISCORD_TOKEN abc", "LOG_LEVEL: info", 'SUNO_API_KEY="sk-1'])
def test_a_line_that_is_not_understood_is_named(env_file: Path, line: str) -> None:
    env_file.write_text(f"{GOOD}{line}\n")
    (fault,) = faults()
    assert "line 4: this cannot be read" in fault
    assert "sk-1" not in fault


def test_a_folder_in_its_place(env_file: Path) -> None:
    env_file.unlink()
    env_file.mkdir()
    assert "is a folder" in faults()[0]


def test_without_a_file_it_says_where_it_looked(env_file: Path) -> None:
    env_file.unlink()
    assert f"there is no file {env_file}" in where_settings_are()


def test_ends_of_lines_and_blanks_are_no_part_of_a_value(env_file: Path) -> None:
    env_file.write_bytes(GOOD.replace("\n", "  \r\n").encode("utf-8-sig"))
    assert load_settings().secrets == (TOKEN, "sk-0123456789")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("WATCHES_PER_USR=5", "WATCHES_PER_USER"),
        ("POLL_INTERVAL=5", "POLL_INTERVAL_SECONDS"),
        ("http_prot=9100", "HTTP_PORT"),
        ("DATABASE_URL_FIL=/x", "DATABASE_URL_FILE"),
        ("SUNO_GATEWAY__B__BASE_URL=https://b.example", "SUNO_GATEWAYS__B__BASE_URL"),
        ("SUNO_GATEWAYS_B_API_KEY=sk-b", "SUNO_GATEWAYS__<NAME>__API_KEY"),
    ],
)
def test_a_misspelt_name_is_reported_with_the_likely_one(env_file: Path, written: str, meant: str) -> None:
    env_file.write_text(f"{GOOD}{written}\n")
    (fault,) = faults()
    assert fault.startswith(written.partition("=")[0].upper())
    assert f"Do you mean {meant}?" in fault


def test_a_slip_in_a_name_that_is_needed(env_file: Path) -> None:
    env_file.write_text(GOOD.replace("DISCORD_TOKEN", "DISCORD_TOKN"))
    assert any("Do you mean DISCORD_TOKEN?" in fault for fault in faults())
    assert any(fault.startswith("DISCORD_TOKEN is missing") for fault in faults())


def test_a_slip_in_the_environment(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is full of names that are nobody's slip, so that it alone keeps nothing from starting."""
    monkeypatch.setenv("WATCHES_PER_USR", "5")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "HOME", "DATABASE_HOST", "LOG_DIR"):
        monkeypatch.setenv(name, "x")
    (doubt,) = doubts(load_settings())
    assert "Do you mean WATCHES_PER_USER?" in doubt
    env_file.unlink()
    monkeypatch.setenv("DISCORD_TOKN", TOKEN)
    assert any("Do you mean DISCORD_TOKEN?" in fault for fault in faults())


def test_unrelated_environment_variables_do_not_prevent_a_start(env_file: Path) -> None:
    env_file.write_text(f"{GOOD}DISCORD_TOKEN2=x\nFLAVOUR=mint\nCOMPOSE_PROJECT_NAME=suno\nTZ=UTC\n")
    expected = doubts(load_settings())
    assert [doubt.split(" in ")[0] for doubt in expected] == ["DISCORD_TOKEN2", "FLAVOUR"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SUNO_API_KEY=Bearer sk-1", 'without the "Bearer"'),
        ("SUNO_API_KEY=authorization: bearer sk-1", 'without the "authorization: bearer"'),
        ("SUNO_API_KEY='\"sk-1\"'", "without the quotation marks"),
        ("SUNO_API_KEY=sk-...", "placeholder"),
        ("SUNO_API_KEY=sk-ab****yz", "asterisks"),
        ("SUNO_API_KEY=https://gw.example", "this is an address"),
        ("DISCORD_TOKEN=Bot a.b.c", 'without the "Bot"'),
        ("DISCORD_TOKEN=token", "not a bot's token"),
        ("DISCORD_TOKEN=123456789012345678", "this is an id"),
        (f"DISCORD_TOKEN={'0a' * 32}", "public key"),
        (f"DISCORD_TOKEN={'aB' * 16}", "client secret"),
        ("SUNO_BASE_URL=https://gateway.example.com", "the address of the example"),
        ("SUNO_BASE_URL=https://API.Example.org/v1", "the address of the example"),
        ("SUNO_BASE_URL=sk-0123456789", "this is a key"),
        ("DATABASE_URL=sqlite:///:memory:", "lost at every restart"),
        ("DATABASE_URL=sqlite:///file::memory:", "lost at every restart"),
        ("DATABASE_URL=sqlite:///~/bot.db", "full path"),
        ("DATABASE_URL=sqlite:////tmp", "this is a folder"),
        ("DATABASE_URL=sqlite:///data/", "this is a folder"),
        ("DATABASE_URL=sqlite:////dev/null", "no file on a disk"),
        ("PRIVATE_USE=listed", "there are none"),
        ("PRIVATE_USERS=ada", "takes numbers, separated by commas"),
        ("PRIVATE_USERS=12", "15 to 20 digits"),
        ("MEDIA_ALLOW_HOSTS=*.example", "host or host:port"),
        ("MEDIA_ALLOW_HOSTS=gw.example:70000", "host or host:port"),
        ("POLL_INTERVAL_SECONDS=often", "takes a number above 0 and up to 3600"),
        ("WATCHES_PER_USER=1.5", "takes a whole number from 1 to 100000"),
        ("HTTP_PORT=99999", "takes a whole number from 1 to 65535"),
        ("LOG_LEVEL=loud", "takes debug, info, warning, error"),
        ("SUNO_GATEWAYS=https://b.example", "is not a setting: a gateway has"),
        ("SUNO_GATEWAYS__B=https://b.example", "is not a setting: a gateway has"),
        ("SUNO_GATEWAYS__B__API_KEY=Bearer sk-1", 'without the "Bearer"'),
    ],
)
def test_faults_are_reported_in_plain_words(env_file: Path, line: str, expected: str) -> None:
    env_file.write_text(f"{GOOD}{line}\n")
    found = [fault for fault in faults() if fault.startswith(line.partition("=")[0].removesuffix("__API_KEY"))]
    if line == "PRIVATE_USE=listed":
        found = [fault for fault in faults() if fault.startswith("PRIVATE_USERS: PRIVATE_USE=listed")]
    assert any(expected in fault for fault in found), faults()
    assert "nput should" not in str(faults())


def test_a_misspelt_field_of_a_gateway(env_file: Path) -> None:
    env_file.write_text(f"{GOOD}SUNO_GATEWAYS__B__BASE_URL=https://b.example\nSUNO_GATEWAYS__B__KEY=sk-b\n")
    (fault,) = faults()
    assert fault.startswith("SUNO_GATEWAYS__B__KEY is not a setting")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SUNO_API_KEY=", "SUNO_API_KEY is empty"),
        ("SUNO_GATEWAYS__B__BASE_URL=https://b.example", "SUNO_GATEWAYS__B__API_KEY is empty"),
        ("SUNO_BASE_URL=http://gw.public.example", "SUNO_BASE_URL begins with http://"),
        ("DISCORD_TOKEN=a.b.c", "DISCORD_TOKEN does not look like a bot's token"),
        (
            "SUNO_GATEWAYS__B__BASE_URL=https://gw.example/v1\nSUNO_GATEWAYS__B__API_KEY=sk-1",
            "https://gw.example is the address of more than one gateway",
        ),
    ],
)
def test_likely_mistakes_are_warnings_and_do_not_prevent_a_start(env_file: Path, line: str, expected: str) -> None:
    env_file.write_text(f"{GOOD}{line}\n")
    (doubt,) = doubts(load_settings())
    assert doubt.startswith(expected)


@pytest.mark.parametrize(
    "address", ["http://10.0.0.5:3000", "http://localhost", "http://newapi:3000", "http://[::1]:1"]
)
def test_a_gateway_of_the_own_network_needs_no_tls(env_file: Path, address: str) -> None:
    env_file.write_text(f"{GOOD}SUNO_BASE_URL={address}\n")
    assert doubts(load_settings()) == []


@pytest.mark.parametrize(
    ("content", "expected"), [(b"", "is empty"), (b" \n", "is empty"), ("sk-1".encode("utf-16"), "saved as UTF-16")]
)
def test_files_of_secrets(env_file: Path, content: bytes, expected: str) -> None:
    secret = env_file.with_name("key")
    secret.write_bytes(content)
    env_file.write_text(
        f"{GOOD.replace('SUNO_API_KEY', 'LOG_LEVEL')}SUNO_API_KEY_FILE={secret}\n".replace("sk-0123456789", "info")
    )
    (fault,) = faults()
    assert fault.startswith("SUNO_API_KEY_FILE: the file")
    assert expected in fault


def test_a_secret_given_as_a_path_is_not_printed(env_file: Path) -> None:
    env_file.write_text(f"{GOOD}SUNO_GATEWAYS__B__API_KEY_FILE=sk-that-is-secret\n")
    assert "secret" not in str(faults())


def test_given_settings_are_read_from_nowhere_else(env_file: Path) -> None:
    env_file.write_bytes(b"\xff\xfe broken")
    os.environ["LOG_LEVEL"] = "loud"
    try:
        settings = given_settings(discord_token=TOKEN, suno_base_url="https://gw.example")
    finally:
        del os.environ["LOG_LEVEL"]
    assert settings.log_level == "info"

"""Reads the environment, a file `.env`, and files named by `*_FILE`. Texts, not validated yet."""

import io
import os
import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from msgspec import Struct

from bot.errors import SettingsError

_OF_A_FILE = "_FILE"
_OF_OTHERS = re.compile(r"COMPOSE_|DOCKER_|PYTHON|TZ$")  # variables of other programs in a .env
_ALIKE_IN_FILE, _ALIKE = 0.75, 0.85  # of 1; the environment has many names that are no typing mistakes
_OF_A_GATEWAY = {"URL": "SUNO_GATEWAYS__<NAME>__BASE_URL", "KEY": "SUNO_GATEWAYS__<NAME>__API_KEY"}
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Written(Struct, frozen=True):
    """`values` has names in lower case. The environment overrides `.env`, and both override files named by `*_FILE`.

    `faults` must be corrected, `doubts` are probable mistakes: sentences without values.
    """

    values: Mapping[str, str]
    files: list[Path]
    faults: list[str]
    doubts: list[str]


def read_environment(settings: Collection[str], env_file: Path) -> Written:
    """`settings`: their names, in capitals. Raises SettingsError if `.env` cannot be read."""
    in_file = _filled_in(_read_env_file(env_file))
    named = in_file | _filled_in(os.environ)
    paths = {name: path for name, path in named.items() if _names_a_file(name, settings)}
    values = {name: value for name, value in named.items() if _root(name) in settings and name not in paths}
    faults = []
    for name, path in paths.items():
        try:
            values.setdefault(name.removesuffix(_OF_A_FILE), _read_secret(path))
        except SettingsError as error:
            faults += [f"{name}: {fault}" for fault in error.faults]
    doubts = [_sentence(slip, None) for slip in _slips(named.keys() - in_file.keys(), settings, _ALIKE) if slip.meant]
    for slip in _slips(in_file, settings, _ALIKE_IN_FILE):
        (faults if slip.meant and slip.meant not in values else doubts).append(_sentence(slip, env_file))
    lowered = {name.lower(): value for name, value in values.items()}
    return Written(lowered, [Path(path) for path in paths.values()], faults, doubts)


def _names_a_file(name: str, settings: Collection[str]) -> bool:
    setting = name.removesuffix(_OF_A_FILE)
    return setting != name and _root(setting) in settings


def _filled_in(written: Mapping[str, str | None]) -> dict[str, str]:
    return {name.upper(): value.strip() for name, value in written.items() if value and value.strip()}


def _root(name: str) -> str:
    return name.partition("__")[0]


def _read_env_file(path: Path) -> Mapping[str, str | None]:
    try:
        text = _decoded(path.read_bytes())
    except FileNotFoundError:
        return {}
    except IsADirectoryError:
        raise SettingsError(
            [f"{path} is a folder and not a file. Delete it, and copy .env.example to {path}"]
        ) from None
    except OSError as error:
        raise SettingsError(
            [f"{path} cannot be read: {error.strerror}. Give it to the user that runs the bot"]
        ) from None
    except ValueError as error:
        raise SettingsError([f"{path} {error}"]) from None
    if lines := [str(each.original.line) for each in parse_stream(io.StringIO(text)) if each.error]:
        where = f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(lines)}"
        raise SettingsError(
            [f"{path}, {where}: this cannot be read. Write NAME=value, and close each quotation mark that you open"]
        )
    return dotenv_values(stream=io.StringIO(text))


def _decoded(content: bytes) -> str:
    """Raises ValueError with the end of a sentence."""
    if content.startswith(_BYTE_ORDER_MARKS) or b"\0" in content:
        raise ValueError(
            "is saved as UTF-16, which some Windows tools write. Save it as UTF-8: in Notepad with Save as > Encoding,"
            " in PowerShell with Set-Content -Encoding utf8"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is not saved as UTF-8: line {line} has other bytes. Save it as UTF-8") from None


def _read_secret(path: str) -> str:
    """Raises SettingsError. Does not mention the path: it may be a secret in the wrong setting."""
    try:
        text = _decoded(Path(path).read_bytes()).strip()
    except FileNotFoundError:
        raise SettingsError(["there is no such file. Write the path of a file that holds the value"]) from None
    except OSError as error:
        raise SettingsError([f"the file cannot be read: {error.strerror}"]) from None
    except ValueError as error:
        raise SettingsError([f"the file {error}"]) from None
    if not text:
        raise SettingsError(["the file is empty"])
    return text


class _Slip(Struct, frozen=True):
    """A name that is not a setting, and the setting that is probably meant."""

    written: str
    meant: str | None


def _slips(names: Collection[str], settings: Collection[str], alike: float) -> Iterator[_Slip]:
    known = {*settings, *(f"{name}{_OF_A_FILE}" for name in settings)}
    for name in sorted(names):
        root = _root(name)
        if root in known or _OF_OTHERS.match(name):
            continue
        close = [_OF_A_GATEWAY[root[-3:]]] if re.match(r"SUNO_GATEWAYS?_.*(URL|KEY)$", root) else []
        close += get_close_matches(root, known, n=1, cutoff=alike)
        yield _Slip(name, name.replace(root, close[0], 1) if close else None)


def _sentence(slip: _Slip, file: Path | None) -> str:
    where = f"{slip.written} in {file}" if file else slip.written
    if slip.meant:
        return f"{where} is not a setting, and is not read. Do you mean {slip.meant}?"
    return f"{where} is not a setting, and is not read. docs/configuration.md lists them all"

"""A PostgreSQL server of one's own, in a temporary folder, on a free port.

`python -m sandbox.postgresql COMMAND ...` runs a command beside it, which finds its address in TEST_DATABASE_URL.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from sandbox.free_port import free_port

ADDRESS = "TEST_DATABASE_URL"

_PACKAGED = "/usr/lib/postgresql"  # where Debian puts them: they are not on the path
_LONGEST_START = 30.0  # seconds
# A kill of the server loses nothing with these; only a power cut would, which a test has not.
_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")


class NotInstalled(Exception):
    pass


def tool(name: str) -> str:
    """The path of one of PostgreSQL's programs. Raises NotInstalled."""
    newest_first = sorted(Path(_PACKAGED).glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, newest_first)]))
    if not found:
        raise NotInstalled(f"{name} is not installed: it comes with PostgreSQL")
    return found


class PostgresServer:
    """Its superuser is `postgres`, who may make databases. `port` stays the same when it is started again."""

    def __init__(self, folder: Path, options: Sequence[str] = _FAST) -> None:
        self._folder = folder
        self._options = options
        self._data = folder / "data"
        self._user = _other_user()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.password = token_hex(16)

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def sqlalchemy_url(self) -> str:
        return self.url.replace("postgresql:", "postgresql+psycopg:", 1)

    def create(self) -> None:
        """Blocks for a few seconds."""
        self._give_folder()
        secret = self._folder / "password"
        secret.write_text(self.password, encoding="ascii")
        if self._user:
            shutil.chown(secret, self._user)
        command = [tool("initdb"), "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        command += ["--auth=scram-sha-256", f"--pwfile={secret}", f"--pgdata={self._data}"]
        self._run(command)

    def copy(self, primary: "PostgresServer", port: int) -> None:
        """Makes it a replica that streams from the primary, which it reaches at `port`. Blocks for a few seconds."""
        self._give_folder()
        self.password = primary.password
        source = f"host=127.0.0.1 port={port} user=postgres password={self.password}"
        command = [tool("pg_basebackup"), f"--dbname={source}", f"--pgdata={self._data}", "--write-recovery-conf"]
        self._run([*command, "--checkpoint=fast", "--wal-method=stream", "--no-sync"])

    def _give_folder(self) -> None:
        if self._user:
            shutil.chown(self._folder, self._user)

    def start(self) -> None:
        """Returns when it takes connections."""
        log = (self._folder / "log").open("ab")
        command = [tool("postgres"), "-D", str(self._data), "-p", str(self.port), "-k", str(self._folder)]
        command += ["-h", "127.0.0.1", *self._options]
        with log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, user=self._user, cwd=self._folder, start_new_session=True
            )
        until = time.monotonic() + _LONGEST_START
        while subprocess.run(
            [tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        ).returncode:
            if time.monotonic() > until or self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL does not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: after the transactions in progress were rolled back; SIGQUIT: at once, as after a power cut."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def _run(self, command: Sequence[str]) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=self._user, cwd=self._folder)


def _other_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def running_server(options: Sequence[str] = _FAST) -> Iterator[PostgresServer]:
    """Raises NotInstalled."""
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        server = PostgresServer(Path(folder), options)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def main(command: Sequence[str]) -> int:
    if not command:
        sys.stderr.write("Say what to run beside it: python -m sandbox.postgresql COMMAND ...\n")
        return 2
    try:
        with running_server() as server:
            return subprocess.run(command, check=False, env={**os.environ, ADDRESS: server.url}).returncode
    except NotInstalled as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

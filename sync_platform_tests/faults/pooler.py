"""pgbouncer in front of a case's database: each transaction may come to another server connection."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from sync_platform_tests.faults.stage import url_of

SERVER_CONNECTIONS = 3


@contextmanager
def pooler_before(database_url: str) -> Iterator[str]:
    """The URL of the same database behind pgbouncer in transaction mode, with three server connections."""
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if program is None:
        pytest.skip("pgbouncer is not installed; it comes from the distribution: apt-get install pgbouncer")
    parts = conninfo_to_dict(database_url)
    folder = Path(tempfile.mkdtemp(prefix="sync_platform-pooler-"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    upstream = " ".join(f"{name}={parts[name]}" for name in ("host", "port", "user", "password") if name in parts)
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = {upstream}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {SERVER_CONNECTIONS}\nmax_client_conn = 200\n"
        f"logfile = {folder}/log\n"
    )
    user = _user_of(str(parts.get("host", "")))
    os.chown(folder, user.pw_uid, user.pw_gid)
    config.chmod(0o644)
    as_user = ("-u", user.pw_name) if os.geteuid() == 0 else ()
    process = subprocess.Popen(
        (program, "-q", *as_user, str(config)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    url = url_of({**parts, "host": "127.0.0.1", "port": str(port), "sslmode": "disable", "gssencmode": "disable"})
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=30)
        shutil.rmtree(folder)


def _user_of(host: str) -> pwd.struct_passwd:
    """Whose socket it is may connect to it; pgbouncer does not work as root."""
    sockets = list(Path(host).glob(".s.PGSQL.*[0-9]")) if host.startswith("/") else []
    owner = sockets[0].stat().st_uid if sockets else os.geteuid()
    return pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return

"""``sync-platform serve`` as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import httpx
import pytest
from cryptography.fernet import Fernet

from sync_platform.cli.app import run
from sync_platform.cli.processes import free_port, service_process, wait_until_served


@pytest.mark.slow
def test_two_services_share_a_database_and_end_with_a_signal(database_url, tmp_path):
    """API-09, F-04: each says where it listens, as one line of JSON; SIGTERM is no failure."""
    environment = {
        **os.environ,
        "SYNC_PLATFORM_DATABASE_URL": database_url,
        "SYNC_PLATFORM_DATA_DIR": str(tmp_path),
        "SYNC_PLATFORM_MASTER_KEYS": json.dumps([Fernet.generate_key().decode()]),
    }
    command = [sys.executable, "-m", "sync_platform.cli", "serve", "--port", "0", "--json"]
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
                )
            )
            for _ in range(2)
        ]
        for child in children:
            stack.callback(child.kill)
        told = [json.loads(child.stdout.readline()) for child in children if child.stdout]
        assert len({line["port"] for line in told}) == 2
        for line in told:
            assert httpx.get(f"{line['url']}/ready", timeout=60).json() == {"status": "ready"}
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            rest, log = child.communicate(timeout=60)
            assert (child.returncode, rest) == (0, "")
            assert [json.loads(line)["route"] for line in log.splitlines() if '"request"' in line] == ["/ready"]


def test_a_port_that_is_taken_is_said_in_one_line(database_url, tmp_path, monkeypatch, capsys):
    """CLI-01."""
    monkeypatch.setenv("SYNC_PLATFORM_DATABASE_URL", database_url)
    monkeypatch.setenv("SYNC_PLATFORM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SYNC_PLATFORM_MASTER_KEYS", json.dumps([Fernet.generate_key().decode()]))
    monkeypatch.chdir(tmp_path)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["serve", "--port", str(port), "--json"]) == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in capsys.readouterr().err


@pytest.mark.slow
def test_up_has_the_service_as_a_process_of_its_own(database_url, tmp_path):
    """API-01: on loopback, with its log in the folder; nothing is left of it at the end."""
    environment = {
        **os.environ,
        "SYNC_PLATFORM_DATABASE_URL": database_url,
        "SYNC_PLATFORM_DATA_DIR": str(tmp_path),
        "SYNC_PLATFORM_MASTER_KEYS": json.dumps([Fernet.generate_key().decode()]),
    }
    port = free_port(8080)
    with service_process(tmp_path, environment, port) as child:
        wait_until_served(f"http://127.0.0.1:{port}", [child], "/ready")
    assert child.ended
    assert "/ready" in (tmp_path / "service.log").read_text()

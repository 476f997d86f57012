"""Jobs of pg_cron ask the service, with a token from the vault; what became of it is in the ledger (OPS-05)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection, errors

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.db.sql_files import sql_root
from sync_platform_tests.api.conftest import Service, Token

FILE = sql_root() / "optional" / "pg_cron.sql"
STUBS = Path(__file__).with_name("extension_stubs.sql")
ADDRESS = "https://sync.example.org"


def run_file(conn: Connection[Any], path: Path) -> None:
    conn.execute(path.read_text(encoding="utf-8"))


@pytest.fixture
def cron(database_url: str) -> Iterator[Connection[Any]]:
    """The administrator of a database with the extensions; the file was run twice."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        run_file(conn, STUBS)
        run_file(conn, FILE)
        run_file(conn, FILE)
        yield conn


@pytest.fixture
def secret(cron: Connection[Any], token: Token) -> str:
    """The token of the tenant "alder", which only the vault knows."""
    text = token("sync.run", "crm.sync.any")["Authorization"].removeprefix("Bearer ")
    cron.execute(
        "insert into vault.decrypted_secrets values ('sync_platform_url', %s), ('sync_platform_token_alder', %s)",
        (ADDRESS + "/", text),
    )
    return text


def commands(cron: Connection[Any]) -> list[str]:
    return [row[0] for row in cron.execute("select command from cron.job order by jobname")]


def test_jobs_ask_the_service_and_it_does_what_they_ask(
    cron: Connection[Any], secret: str, service: Service, tenant: Tenant, other_tenant: Tenant, database: Database
) -> None:
    """OPS-05: what pg_net would send is sent to the service, which notes it under the id that the view looks for."""
    assert len(commands(cron)) == 2
    for command in commands(cron):
        cron.execute(command)
    called = cron.execute("select url, body, headers from net.called order by id").fetchall()
    assert [url.removeprefix(ADDRESS) for url, *_ in called] == ["/api/crm/sync-packages", "/api/sync/manual"]
    for url, body, headers in called:
        answer = service.client.post(url.removeprefix(ADDRESS), content=json.dumps(body), headers=headers)
        assert answer.status_code == 202, answer.text
        assert answer.headers["x-request-id"] == headers["X-Request-Id"]
    for owner, seen in (
        (tenant, [("/api/crm/sync-packages", "queued"), ("/api/sync/manual", "queued")]),
        (other_tenant, []),
    ):
        with database.transaction(owner.id, "sp_readonly") as conn:
            rows = conn.execute("select path, state from sync_cron.outcomes order by path").fetchall()
        assert rows == seen


def test_what_never_arrived_has_no_state(
    cron: Connection[Any], secret: str, tenant: Tenant, database: Database
) -> None:
    """OPS-05: whatever pg_net says about it."""
    cron.execute(commands(cron)[0])
    with database.transaction(tenant.id, "sp_readonly") as conn:
        assert conn.execute("select state from sync_cron.outcomes").fetchall() == [(None,)]


def test_the_token_is_in_no_command_and_in_no_table_of_ours(cron: Connection[Any], secret: str) -> None:
    """OPS-05, SEC-22."""
    for command in commands(cron):
        cron.execute(command)
    assert secret not in FILE.read_text() + str(commands(cron))
    kept = cron.execute("select a::text from sync_cron.asked a").fetchall()
    assert (len(kept), secret in str(kept)) == (2, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sync_platform_url", "http://sync.example.org"),
        ("sync_platform_url", "https://sync.example.org@evil.example"),
        ("sync_platform_url", None),
        ("sync_platform_token_alder", None),
        ("sync_platform_token_alder", ""),
    ],
)
def test_with_a_secret_that_cannot_be_used_nothing_is_sent(
    cron: Connection[Any], secret: str, name: str, value: str | None
) -> None:
    """OPS-05: the message names the secret and does not show it."""
    cron.execute("update vault.decrypted_secrets set decrypted_secret = %s where name = %s", (value, name))
    with pytest.raises(psycopg.Error, match=name) as refused:
        cron.execute(commands(cron)[0])
    assert cron.execute("select count(*) from net.called").fetchone() == (0,)
    assert secret not in str(refused.value)
    assert "evil" not in str(refused.value)


@pytest.mark.parametrize(
    ("slug", "path"), [("alder'--", "/api/sync/manual"), ("alder", "@evil.example/api"), ("alder", "/x")]
)
def test_only_paths_of_the_service_are_asked_for(cron: Connection[Any], secret: str, slug: str, path: str) -> None:
    with pytest.raises(errors.InvalidParameterValue):
        cron.execute("select sync_cron.ask(%s, %s)", (slug, path))


@pytest.mark.parametrize("role", ["sp_web", "sp_readonly", "sp_loader", "sp_audit"])
def test_no_role_of_the_platform_may_ask_or_read_secrets(database: Database, cron: Connection[Any], role: Any) -> None:
    for call in ("select sync_cron.ask('alder', '/api/sync/manual')", "select sync_cron.secret('sync_platform_url')"):
        with pytest.raises(errors.InsufficientPrivilege), database.transaction(None, role) as conn:
            conn.execute(call)

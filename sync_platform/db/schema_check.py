"""Does a database still look like this release says? Row security, rights and versions, from the catalog (DBM-02)."""

from dataclasses import dataclass

import psycopg

from sync_platform.db.connect import connect
from sync_platform.db.migration_status import read_status
from sync_platform.db.queries import queries, query
from sync_platform.db.sql_files import sql_root

_RULES = {
    "row_security": "TEN-04",
    "other_policies": "TEN-04",
    "keys": "TEN-02",
    "nullable_tenant": "TEN-02",
    "definer_functions": "TEN-06",
    "search_paths": "TEN-06",
    "views": "TEN-06",
    "owners": "TEN-03",
    "roles": "TEN-03",
    "dangerous_grants": "TEN-07",
}


@dataclass(frozen=True)
class Finding:
    """One difference: the rule it breaks, the object, and what is wrong with it."""

    rule: str
    object: str
    detail: str


def check(url: str) -> tuple[Finding, ...]:
    """All findings; none means that the database is as this release expects. Reads the catalog only."""
    with connect(url) as connection:
        with connection.transaction():
            versions = _versions(connection)
        if any(finding.object == "database" for finding in versions):
            return versions  # what is not installed cannot be compared
        with connection.transaction():
            # names are compared as text: always with their schema; a login may use a role without inheriting from it
            connection.execute(
                "select set_config('search_path', 'pg_catalog', true), set_config('role', 'sp_loader', true)"
            )
            return (*versions, *_rules(connection), *_grants(connection))


def granted(connection: psycopg.Connection) -> tuple[str, ...]:
    """Every grant in own schemas as the lines of the inventory."""
    return tuple(str(row[0]) for row in connection.execute(query("schema_check", "grants")))


def inventory() -> tuple[str, ...]:
    """The grants that this release expects: ``sql/inventory/grants.txt``."""
    lines = (sql_root() / "inventory" / "grants.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _versions(connection: psycopg.Connection) -> tuple[Finding, ...]:
    found = read_status(connection)
    if found.current is None:
        return (Finding("DBM-01", "database", "nothing is installed: run `sync-platform db upgrade`"),)
    if found.newer:
        return (Finding("DBM-01", "database", f"is at {found.current}, newer than this release's {found.head}"),)
    return (
        *(Finding("DBM-01", name, "not applied: run `sync-platform db upgrade`") for name in found.pending),
        *(Finding("DBM-01", name, "was edited after it was applied") for name in found.edited),
    )


def _rules(connection: psycopg.Connection) -> tuple[Finding, ...]:
    return tuple(
        Finding(rule, str(row[0]), str(row[1]))
        for name, rule in _RULES.items()
        for row in connection.execute(queries("schema_check")[name])
    )


def _grants(connection: psycopg.Connection) -> tuple[Finding, ...]:
    found, expected = set(granted(connection)), set(inventory())
    return (
        *(_grant(line, "is granted and should not be") for line in sorted(found - expected)),
        *(_grant(line, "is expected and not granted") for line in sorted(expected - found)),
    )


def _grant(line: str, verdict: str) -> Finding:
    name, _, rights = line.rpartition(": ")
    return Finding("TEN-03", name, f"{rights} {verdict}")

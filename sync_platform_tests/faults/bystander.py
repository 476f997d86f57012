"""A tenant that no case has any business with (I5)."""

from typing import Any

import psycopg
from psycopg import sql

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform_tests.db.tenant_rows import tables


class Bystander:
    """Has a row in every table, written and read past row security by the server's administrator."""

    def __init__(self, database_url: str, tenant: Tenant) -> None:
        self._url, self._tenant = database_url, tenant
        with connect(database_url) as connection:
            connection.execute("set session_replication_role = replica")  # lines come before what they belong to
            for table in tables(connection):
                if table.tenant_column == "tenant_id":
                    row = table.row(tenant.id, "bystander")
                    connection.execute(table.insert(row), row)
            self._before = self._versions(connection)

    def assert_untouched(self) -> None:
        """Not a row more or less, and none written again."""
        with connect(self._url) as connection:
            assert self._versions(connection) == self._before, "rows of a tenant that had no part in this were changed"

    def _versions(self, connection: psycopg.Connection) -> dict[str, list[Any]]:
        statement = sql.SQL("select ctid::text, xmin::text from {} where {} = %s order by 1")
        return {
            table.label: connection.execute(
                statement.format(table.identifier, sql.Identifier(table.tenant_column)), (self._tenant.id,)
            ).fetchall()
            for table in tables(connection)
            if table.tenant_column is not None
        }

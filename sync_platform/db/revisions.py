"""The SQL migrations as alembic sees them: one revision per file, in the order of their numbers, forward only."""

from collections.abc import Sequence
from types import ModuleType

import psycopg
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import Script
from alembic.script.revision import RevisionMap
from sqlalchemy import Connection

from sync_platform.db.migration_status import LEDGER, number
from sync_platform.db.sql_files import SqlFile

_OPTIONS = {"version_table": "version", "version_table_schema": LEDGER}


def apply_next(connection: Connection, migrations: Sequence[SqlFile]) -> SqlFile | None:
    """Run the first file that this database does not have yet, inside the caller's transaction; None at the head."""
    applied: list[SqlFile] = []

    def steps(heads: tuple[str, ...], _context: MigrationContext) -> list[RevisionStep]:
        file = following(migrations, heads[0] if heads else None)
        if file is None:
            return []
        applied.append(file)
        revisions = RevisionMap(lambda: [_script(connection, migrations, each) for each in migrations])
        script = revisions.get_revision(number(file))
        if not isinstance(script, Script):
            raise TypeError(f"no revision for {file.name}")
        return [RevisionStep(revisions, script, is_upgrade=True)]

    MigrationContext.configure(connection, opts={**_OPTIONS, "fn": steps}).run_migrations()
    return applied[0] if applied else None


def following(migrations: Sequence[SqlFile], current: str | None) -> SqlFile | None:
    """The file after ``current``. A version that no file has is from a newer release and has none."""
    return next((file for file in migrations if current is None or number(file) > current), None)


def run_file(connection: Connection, file: SqlFile) -> None:
    """Send a whole file. Past SQLAlchemy, which would take every ``%`` of a function body for a parameter."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("migrations run over psycopg")
    driver.execute(file.text.encode())


def _script(connection: Connection, migrations: Sequence[SqlFile], file: SqlFile) -> Script:
    """What alembic usually reads from a Python file per revision."""
    place = migrations.index(file)

    def upgrade() -> None:
        run_file(connection, file)

    module = ModuleType(f"revision_{number(file)}")
    module.__dict__.update(
        revision=number(file),
        down_revision=number(migrations[place - 1]) if place else None,
        upgrade=upgrade,
    )
    return Script(module, number(file), file.name)

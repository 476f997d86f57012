"""What the parts of the bench share: a PostgreSQL, migrated databases, tenants, and the real command line."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.children import Measured, measure
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import libpq_url, with_database
from sync_platform.db.credentials import set_credential
from sync_platform.db.embedded import start_embedded
from sync_platform.db.keys import KeyRing, new_master_key
from sync_platform.db.migrations import upgrade
from sync_platform.db.pool import Database
from sync_platform.db.tenants import add_tenant
from sync_platform.settings import PREFIX

TEMPLATE = "bench_template"
SERVER_VARIABLE = "TEST_DATABASE_URL"
# a stand-in that is asked at full speed must never be what slows a run down
UNTHROTTLED = {f"{PREFIX}BLAZE__CALLS_PER_PERIOD": "100000000"}


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@dataclass(frozen=True)
class Stage:
    """``server_url`` is an administrator's. ``folder`` is thrown away at the end, ``out`` is kept.

    ``share``: parts that can do so work on one in so many of their data, as a rehearsal.
    ``seconds`` holds every single measurement by what was measured, ``facts`` what else a reader wants to know.
    """

    server_url: str
    folder: Path
    out: Path
    master_key: str
    wants: Callable[[str], bool] = lambda _: True
    share: int = 1
    seconds: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    def took(self, what: str, seconds: float) -> float:
        """Note one measurement, tell it, and hand it on."""
        self.seconds.setdefault(what, []).append(seconds)
        say(f"{what}: {seconds:.2f} s")
        return seconds

    @contextmanager
    def database(self, name: str, template: str = TEMPLATE) -> Iterator[str]:
        """URL of a database of its own, migrated (or a copy of another, idle one); dropped at the end."""
        full = f"bench_{name}"
        self.admin(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(full), sql.Identifier(template)
            )
        )
        try:
            yield with_database(self.server_url, full)
        finally:
            self.admin(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(full)))

    def admin(self, statement: sql.SQL | sql.Composed) -> None:
        """One statement as the server's administrator, outside a transaction."""
        with psycopg.connect(libpq_url(self.server_url), autocommit=True) as connection:
            connection.execute(statement)

    def environment(self, url: str, **values: str) -> dict[str, str]:
        """A deployment's environment on this database; none of the user's own settings."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        return {
            **clean,
            **UNTHROTTLED,
            f"{PREFIX}DATABASE_URL": url,
            f"{PREFIX}DATA_DIR": str(self.folder),
            f"{PREFIX}MASTER_KEYS": f'["{self.master_key}"]',
            **values,
        }

    def tenant(
        self, url: str, slug: str, *, zone: str, base_url: str, partner_key: str, shop_key: str, country: str = "US"
    ) -> Tenant:
        """Add a tenant whose keys open a shop of the stand-in at ``base_url``."""
        with Database(url, pool_size=2) as database:
            tenant = add_tenant(database, slug=slug, name=slug.title(), zone=zone, country=country)
            set_credential(
                database, KeyRing([self.master_key]), tenant.id, source="blaze", environment="stage", account=slug,
                secrets={"partner_key": partner_key, "shop_key": shop_key}, settings={"base_url": base_url},
            )  # fmt: skip
            return tenant

    def command(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Measured:
        """``sync-platform ARGUMENTS`` as a child process, from start to end."""
        return measure([sys.executable, "-m", "sync_platform.cli", *arguments], environment, self.folder)


@contextmanager
def open_stage(out: Path, wants: Callable[[str], bool] = lambda _: True, share: int = 1) -> Iterator[Stage]:
    """Start PostgreSQL (or take the one in ``TEST_DATABASE_URL``) with one migrated template."""
    # not inside the checkout: as root, PostgreSQL runs as a user that may not be able to reach it
    folder = Path(tempfile.mkdtemp(prefix="sync_platform-bench-"))
    given = os.environ.get(SERVER_VARIABLE)
    # durable, as a deployment is: the figures count what a commit costs
    embedded = None if given else start_embedded(folder)
    try:
        stage = Stage(given or embedded.url("postgres"), folder, out, new_master_key(), wants, share)  # type: ignore[union-attr]
        stage.admin(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(TEMPLATE)))
        stage.admin(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
        upgrade(with_database(stage.server_url, TEMPLATE))
        yield stage
    finally:
        if given:
            stage.admin(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(TEMPLATE)))
        elif embedded:
            embedded.stop()
        shutil.rmtree(folder, ignore_errors=True)

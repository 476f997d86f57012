"""Web server, daemon, stand-in and two databases, as on a machine of production; and what tests ask of them."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from cryptography.fernet import Fernet

from sync_platform.cli.processes import Child, dagster_processes, free_port, wait_until_served
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.tenants import add_tenant, find_tenant, set_tenant_state
from sync_platform.settings import load_settings
from sync_platform.sync.platform import Platform, open_platform
from sync_platform_tests.slow.orchestration.shops import HISTORY, PARTNER_KEY, ZONES, shop_key
from sync_platform_tests.slow.orchestration.web_server import WebServer, wait_for

PROJECT = Path(__file__).parents[3]
WRONG_AT_FIRST = ("birch", "elm")
BACKFILLED = ("alder", "birch", "cedar")
LATER = "kauri"
SUSPENDED = "juniper"
LEASE_SECONDS = 8


@dataclass
class Stage:
    """``platform`` is what Dagster's processes work on; ``reference`` is filled by the command line alone."""

    folder: Path
    platform: Platform
    reference: Platform
    web: WebServer
    sandbox_url: str
    dagster_url: str
    command: Child
    children: list[Child] = field(default_factory=list)

    def tenant(self, slug: str) -> Tenant:
        """A tenant of the platform."""
        return find_tenant(self.platform.database, slug)

    def add(self, slug: str, *, platform: Platform | None = None, key: str | None = None) -> None:
        """Register a tenant with the keys of its shop."""
        where = platform or self.platform
        register(where, slug, self.sandbox_url, key)

    def mend(self, slug: str) -> None:
        """Give a tenant the right key."""
        put_key(self.platform, self.tenant(slug), self.sandbox_url, shop_key(slug))

    def journal(self, slug: str) -> list[Any]:
        """Requests that the stand-in had for a shop."""
        found = httpx.get(f"{self.sandbox_url}/_sandbox/journal", params={"shop": slug}).json()
        return list(found)

    def forget_journal(self) -> None:
        """From here on only new requests are seen."""
        httpx.delete(f"{self.sandbox_url}/_sandbox/journal").raise_for_status()

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Switch these faults on and all others off."""
        httpx.put(f"{self.sandbox_url}/_sandbox/faults", json=list(faults)).raise_for_status()

    def days(self, slugs: Sequence[str], number: int = 7) -> list[date]:
        """The last days that have begun for all of these tenants."""
        now = datetime.now(UTC)
        last = min(now.astimezone(ZoneInfo(ZONES[slug])).date() for slug in slugs)
        return [last - timedelta(days=n) for n in reversed(range(number))]

    def wait_for_command(self) -> None:
        """Until ``sync-platform sync blaze`` has filled the reference."""
        wait_for("the end of the command", lambda: self.command.ended or None, 120)
        assert "failed" not in self.command.last_lines(), self.command.last_lines()

    def logs(self) -> str:
        """The end of every process's output."""
        return "\n\n".join(f"--- {path.name}\n{_tail(path)}" for path in sorted(self.folder.glob("*.log")))


def register(platform: Platform, slug: str, sandbox_url: str, key: str | None = None) -> None:
    """A tenant and its keys, right ones unless told otherwise."""
    tenant = add_tenant(platform.database, slug=slug, name=slug.title(), zone=ZONES[slug], country="US")
    put_key(platform, tenant, sandbox_url, key or shop_key(slug))


def put_key(platform: Platform, tenant: Tenant, sandbox_url: str, key: str) -> None:
    """Store the keys of a tenant's account."""
    set_credential(
        platform.database,
        platform.keyring,
        tenant.id,
        source="blaze",
        environment="stage",
        account=tenant.slug,
        secrets={"partner_key": PARTNER_KEY, "shop_key": key},
        settings={"base_url": sandbox_url},
    )


@contextmanager
def open_stage(folder: Path, database_url: str, reference_url: str, dagster_url: str) -> Iterator[Stage]:
    """Start everything; stop everything, whatever happens."""
    with ExitStack() as stack:
        now = datetime.now(UTC)
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        program = [sys.executable, "-m", "sync_platform_tests.slow.orchestration.shops", now.isoformat()]
        sandbox = _started(stack, Child("sandbox", program, environment, folder / "sandbox.log"))
        url = str(json.loads(wait_for("the stand-in", lambda: _first_line(sandbox), 60))["url"])
        master_key = Fernet.generate_key().decode()
        platforms = [
            stack.enter_context(open_platform(load_settings(
                database_url=one, dagster_database_url=dagster_url, data_dir=folder, master_keys=(master_key,),
                _env_file=None,
            )))
            for one in (database_url, reference_url)
        ]  # fmt: skip
        platform, reference = platforms
        for slug in ZONES:
            register(reference, slug, url)
            if slug != LATER:
                register(platform, slug, url, "canary-wrong-key" if slug in WRONG_AT_FIRST else None)
        set_tenant_state(platform.database, find_tenant(platform.database, SUSPENDED).id, "suspended")
        script = str(Path(sys.executable).with_name("sync-platform"))
        program = [script, "sync", "blaze", "--days", str(HISTORY - 1)]
        environment |= reference.child_environment()
        command = _started(stack, Child("command", program, environment, folder / "command.log"))
        home = folder / "dagster_home"
        home.mkdir()
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(PROJECT / name, home / name)
        settings = {
            **os.environ,
            **platform.child_environment(),
            "DAGSTER_HOME": str(home),
            "DAGSTER_EVENT_BATCH_SIZE": "500",
            "SYNC_PLATFORM_FIRST_DAY": (now.date() - timedelta(days=20)).isoformat(),
            "SYNC_PLATFORM_SCHEDULES__BLAZE_SALES": "* * * * *",
            "SYNC_PLATFORM_SYNC__LEASE_SECONDS": str(LEASE_SECONDS),
        }
        port = free_port(0)
        children = stack.enter_context(dagster_processes(folder, home / "workspace.yaml", settings, port))
        web = WebServer(f"http://127.0.0.1:{port}")
        stack.callback(web.close)
        wait_until_served(web.url, children)
        yield Stage(folder, platform, reference, web, url, dagster_url, command, children)


def _started(stack: ExitStack, child: Child) -> Child:
    stack.callback(child.stop)
    return child


def _first_line(child: Child) -> str | None:
    lines = child.log.read_text().splitlines()
    return next((line for line in lines if line.startswith("{")), None)


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-25:])

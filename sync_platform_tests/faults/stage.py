"""The stage of one case: a database, a stand-in source, proxies in front of both, and commands that work on them."""

import json
import os
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote, urlencode, urlsplit

from psycopg.conninfo import conninfo_to_dict

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.credentials import set_credential
from sync_platform.db.keys import KeyRing, new_master_key
from sync_platform.db.pool import Database
from sync_platform.db.tenants import add_tenant, set_tenant_state
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.sandbox.vendor_server import VendorServer
from sync_platform.settings import load_settings
from sync_platform.sync.platform import Platform, call_budgets, utc_now
from sync_platform_tests.faults.bystander import Bystander
from sync_platform_tests.faults.commands import Command, first_success
from sync_platform_tests.faults.proxy import Address, FaultProxy

PARTNER_KEY = "canary-partner-key-3f81"
ZONE = "America/Denver"
HISTORY = 20
# short pauses: what is waited for in a case is what the case is about
QUICK = {
    "HTTP__BACKOFF_BASE": "0.01",
    "HTTP__BACKOFF_CAP": "0.05",
    "HTTP__RETRY_AFTER_CAP": "0.05",
    "HTTP__DEFAULT_WAIT_429": "0.05",
    "SYNC__LEASE_SECONDS": "5",
}


def shop_spec(name: str, seed: int, **values: Any) -> ShopSpec:
    """Twenty days of a shop that has stopped trading now. Its keys can be searched for."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "name": name,
        "partner_key": PARTNER_KEY,
        "shop_key": f"canary-shop-key-{name}",
        "zone": ZONE,
        "seed": seed,
        "first_day": now.date() - timedelta(days=HISTORY - 1),
        "days": HISTORY,
        "members": 40,
        "products": 30,
        "sales_per_day": 10,
        "now": now,
    }
    return ShopSpec(**(fields | values))


def recent(shop: Shop, days: int = HISTORY) -> Shop:
    """The shop with every member modified during the last ``days``: a read of these days finds them all."""
    earliest = shop.spec.now_ms - days * 86_400_000
    for record in shop.truth("members"):
        if record["modified"] < earliest:
            shop.publish("members", record | {"modified": earliest + record["modified"] % 86_400_000})
    return shop


def small_shop(name: str, seed: int, **values: Any) -> Shop:
    """A shop that is read in a moment."""
    return recent(build_shop(shop_spec(name, seed, **values)))


@dataclass
class Stage:
    """``environment`` is what commands get: a deployment's settings. ``rng`` decides what the case leaves open."""

    database_url: str
    folder: Path
    seed: int
    stack: ExitStack
    database: Database
    environment: dict[str, str]
    rng: random.Random
    keyring: KeyRing
    bystander: Bystander
    secrets: list[str]
    tenants: dict[str, Tenant] = field(default_factory=dict)
    shops: dict[str, Shop] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)

    def serve(self, *shops: Shop, **values: Any) -> BlazeSandbox:
        """A stand-in with these shops, in this process, until the case is over."""
        sandbox = self.stack.enter_context(BlazeSandbox(shops, **({"seed": self.seed} | values)))
        self.shops |= {shop.name: shop for shop in shops}
        return sandbox

    def connect(self, shop: Shop, url: str, slug: str | None = None) -> Tenant:
        """A new tenant with the keys of a shop, at the address of a stand-in or of a proxy in front of it."""
        tenant = add_tenant(
            self.database, slug=slug or shop.name, name=f"Shop {shop.name}", zone=shop.spec.zone, country="US"
        )
        self.tenants[tenant.slug] = tenant
        self.point(tenant, shop, url)
        return tenant

    def point(self, tenant: Tenant, shop: Shop, url: str, shop_key: str | None = None) -> None:
        """Set keys and address of a tenant's account."""
        set_credential(
            self.database, self.keyring, tenant.id, source="blaze", environment="stage", account=shop.name,
            secrets={"partner_key": shop.spec.partner_key, "shop_key": shop_key or shop.spec.shop_key},
            settings={"base_url": url},
        )  # fmt: skip

    def proxy_to(self, upstream: Address) -> FaultProxy:
        """A proxy in front of any address."""
        return self.stack.enter_context(FaultProxy(upstream))

    def proxy_before(self, sandbox: VendorServer[Any]) -> tuple[FaultProxy, str]:
        """A proxy in front of a stand-in, and the address to give to a tenant."""
        parts = urlsplit(sandbox.url)
        proxy = self.proxy_to((str(parts.hostname), int(parts.port or 80)))
        return proxy, f"http://127.0.0.1:{proxy.port}"

    def proxy_before_database(self) -> FaultProxy:
        """A proxy in front of PostgreSQL; commands that are started from now on go through it."""
        found = conninfo_to_dict(self.database_url)
        host, port = str(found.get("host", "127.0.0.1")), int(found.get("port") or 5432)
        proxy = self.proxy_to(f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port))
        # the proxy must read what passes through it
        through = {**found, "host": "127.0.0.1", "port": str(proxy.port), "sslmode": "disable", "gssencmode": "disable"}
        self.environment["SYNC_PLATFORM_DATABASE_URL"] = url_of(through)
        return proxy

    def start(self, *arguments: str, **settings: str) -> Command:
        """``sync-platform`` with these arguments. Settings by name: ``SYNC__BATCH_RECORDS="50"``."""
        environment = self.environment | {f"SYNC_PLATFORM_{name}": value for name, value in settings.items()}
        command = Command(arguments, environment, self.folder, len(self.commands))
        self.commands.append(command)
        self.stack.callback(command.kill)
        return command

    def sync(self, tenant: Tenant | None = None, *options: str, days: int = HISTORY + 1, **settings: str) -> Command:
        """``sync-platform sync blaze`` over the shop's whole history, started."""
        chosen = ("--tenant", tenant.slug) if tenant else ()
        return self.start("sync", "blaze", *chosen, "--days", str(days), "--json", *options, **settings)

    def platform(
        self,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = lambda _: None,
        **overrides: dict[str, Any],
    ) -> Platform:
        """The use cases in this process, under the same settings: for volume, and for clocks that the case moves."""
        [master_key] = json.loads(self.environment["SYNC_PLATFORM_MASTER_KEYS"])
        settings = load_settings(
            database_url=self.database_url, data_dir=self.folder, master_keys=(master_key,), _env_file=None
        )
        changed = {name: getattr(settings, name).model_copy(update=values) for name, values in overrides.items()}
        settings = settings.model_copy(update=changed)
        budgets = call_budgets(settings, self.database, self.keyring, sleep)
        return Platform(settings, self.database, self.keyring, budgets, clock, sleep)

    def execute(self, statement: LiteralString, *values: object) -> None:
        """As the server's administrator, past row security: somebody tampers, or time is to pass."""
        with connect(self.database_url) as connection:
            connection.execute(statement, values)

    def expire_leases(self, tenant: Tenant) -> None:
        """As if the lease of a dead process had run out. F-03 really waits for that."""
        expire = "update platform.sync_runs set lease_until = now() where tenant_id = %s and state = 'running'"
        self.execute(expire, tenant.id)

    def finish(self, tenant: Tenant | None = None, *options: str, tries: int = 1, **settings: str) -> int:
        """Sync until a run succeeds, and say which one did; an error where the last one does not."""
        return first_success(lambda: self.sync(tenant, *options, **settings), tries)


def url_of(parts: dict[str, Any]) -> str:
    """A URL of libpq's parts: login and database in their places, the others as its query."""
    rest = {name: value for name, value in parts.items() if name not in ("user", "password", "dbname")}
    login = quote(str(parts.get("user", "postgres")), safe="")
    if parts.get("password"):
        login += f":{quote(str(parts['password']), safe='')}"
    return f"postgresql://{login}@/{parts['dbname']}?{urlencode(rest)}"


def open_stage(database_url: str, folder: Path, seed: int, stack: ExitStack) -> Stage:
    """An empty stage on a migrated database."""
    print(f"seed {seed}")
    master_key = new_master_key()
    database = stack.enter_context(Database(database_url, pool_size=8))
    environment = {
        **os.environ,
        "SYNC_PLATFORM_DATABASE_URL": database_url,
        "SYNC_PLATFORM_MASTER_KEYS": json.dumps([master_key]),
        "SYNC_PLATFORM_DATA_DIR": str(folder),
        **{f"SYNC_PLATFORM_{name}": value for name, value in QUICK.items()},
    }
    keyring = KeyRing([master_key])
    by = add_tenant(database, slug="bystander", name="Bystander", zone=ZONE, country="US")
    set_tenant_state(database, by.id, "suspended")
    return Stage(
        database_url=database_url,
        folder=folder,
        seed=seed,
        stack=stack,
        database=database,
        environment=environment,
        rng=random.Random(seed),
        keyring=keyring,
        bystander=Bystander(database_url, by),
        secrets=[master_key],
    )

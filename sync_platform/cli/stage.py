"""The stage of ``demo`` and ``up``: an embedded database of its own, three tenants, Dagster's home."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sync_platform.cli.output import say
from sync_platform.core.errors import Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.embedded import in_use
from sync_platform.db.tenants import add_tenant, directory
from sync_platform.sandbox.demo_world import DAYS, demo_specs
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.settings import Settings, load_settings
from sync_platform.sync.platform import Platform, open_platform

FOLDER = "demo"


@dataclass(frozen=True)
class Stage:
    """What the demonstration plays on. ``environment`` is that of its child processes and holds secrets."""

    platform: Platform
    folder: Path
    environment: Mapping[str, str]
    tenants: dict[str, ShopSpec]

    def by_slug(self) -> dict[str, Tenant]:
        """The tenants themselves."""
        return {tenant.slug: tenant for tenant in directory(self.platform.database)}

    @property
    def days(self) -> tuple[date, date]:
        """First and last day over all zones."""
        now = self.platform.clock()
        today = [now.astimezone(spec.tz).date() for spec in self.tenants.values()]
        return min(today) - timedelta(days=DAYS - 1), max(today)


@contextmanager
def stage(settings: Settings, folder: Path, url: str) -> Iterator[Stage]:
    """Set the stage: database, tenants with keys for the stand-in at ``url``, Dagster's home and environment."""
    with open_platform(settings) as platform:
        specs = demo_specs(platform.clock().date())
        tenants = {tenant.slug: spec for tenant, spec in _tenants(platform, specs, url)}
        home = dagster_home(folder)
        environment = {
            **os.environ,
            **platform.child_environment(),
            "DAGSTER_HOME": str(home),
            # one statement for many events; without it a partition costs 17 ms more
            "DAGSTER_EVENT_BATCH_SIZE": "500",
        }
        yield Stage(platform, folder, environment, tenants)


def fresh_folder() -> tuple[Path, Settings]:
    """The demonstration's own data folder, emptied, and settings that lead there whatever the user has set.

    Never touches the user's database. Raises Refused while another demonstration runs in the folder.
    """
    folder = (load_settings().data_dir / FOLDER).expanduser().resolve()
    if in_use(folder):
        raise Refused(f"a demonstration is running in {folder}; stop it first")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    say(f"everything of this demonstration is in {folder}")
    return folder, load_settings(
        data_dir=folder, database_url=None, dagster_database_url=None, loader_database_url=None
    )


def dagster_home(folder: Path) -> Path:
    """Dagster's home with our instance settings."""
    home = folder / "dagster_home"
    home.mkdir(exist_ok=True)
    shutil.copy(project_file("dagster.yaml"), home / "dagster.yaml")
    return home


def project_file(name: str) -> Path:
    """A file that is at the top of a checkout and inside the package of a wheel (PKG-03)."""
    packaged = Path(__file__).parents[1] / name
    return packaged if packaged.is_file() else Path(__file__).parents[2] / name


def _tenants(platform: Platform, specs: list[ShopSpec], url: str) -> Iterator[tuple[Tenant, ShopSpec]]:
    for spec in specs:
        slug = spec.name.lower().replace(" ", "-")
        tenant = add_tenant(platform.database, slug=slug, name=spec.name, zone=spec.zone, country=spec.country)
        set_credential(
            platform.database,
            platform.keyring,
            tenant.id,
            source="blaze",
            environment="stage",
            account=slug,
            secrets={"partner_key": spec.partner_key, "shop_key": spec.shop_key},
            settings={"base_url": url},
        )
        yield tenant, spec

"""The stage of ``demo`` and ``up``: a database of its own, shops, clinics and clubs as tenants, Dagster's home."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sync_platform.cli.output import say
from sync_platform.cli.processes import StandIns
from sync_platform.core.errors import Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.embedded import in_use
from sync_platform.db.tenants import add_tenant, directory
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sandbox.crm_world import crm_demo_specs
from sync_platform.sandbox.demo_world import DAYS, demo_specs
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sandbox.mx_world import mx_demo_specs
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.settings import PREFIX, Settings, load_settings
from sync_platform.sync.platform import Platform, open_platform

FOLDER = "demo"
# the stand-ins have no limit; the vendors' are not published, and the usual settings are careful guesses
STAND_IN_CALLS_PER_SECOND = 1000


@dataclass(frozen=True)
class Stage:
    """What the demonstration plays on. ``environment`` is that of its child processes and holds secrets.

    ``tenants`` are the shops at Blaze, ``clinics`` the merchants at MX Merchant, ``clubs`` the booking businesses with
    a CRM, by slug.
    """

    platform: Platform
    folder: Path
    environment: Mapping[str, str]
    tenants: dict[str, ShopSpec]
    clinics: dict[str, MxSpec]
    clubs: dict[str, CrmSpec]

    def by_slug(self) -> dict[str, Tenant]:
        """The tenants themselves."""
        return {tenant.slug: tenant for tenant in directory(self.platform.database)}

    @property
    def days(self) -> tuple[date, date]:
        """First and last day over all zones."""
        now = self.platform.clock()
        today = [now.astimezone(spec.tz).date() for spec in self.tenants.values()]
        return min(today) - timedelta(days=DAYS - 1), max(today)


@dataclass(frozen=True)
class Place:
    """An account at a stand-in."""

    source: str
    environment: str
    account: str
    url: str


@contextmanager
def stage(settings: Settings, folder: Path, urls: StandIns) -> Iterator[Stage]:
    """Set the stage: database, tenants with keys for the stand-ins, Dagster's home and environment."""
    with open_platform(settings) as platform:
        today = platform.clock().date()
        tenants = {_shop(platform, spec, urls.blaze): spec for spec in demo_specs(today)}
        clinics = {_clinic(platform, spec, urls.mx_merchant): spec for spec in mx_demo_specs(today)}
        clubs = {_club(platform, spec, urls.crm): spec for spec in crm_demo_specs(today)}
        home = dagster_home(folder)
        environment = {
            **os.environ,
            **platform.child_environment(),
            "DAGSTER_HOME": str(home),
            # one statement for many events; without it a partition costs 17 ms more
            "DAGSTER_EVENT_BATCH_SIZE": "500",
            f"{PREFIX}MX_MERCHANT__CALLS_PER_SECOND": str(STAND_IN_CALLS_PER_SECOND),
            f"{PREFIX}CRM__CALLS_PER_SECOND": str(STAND_IN_CALLS_PER_SECOND),
        }
        yield Stage(platform, folder, environment, tenants, clinics, clubs)


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
        data_dir=folder,
        database_url=None,
        dagster_database_url=None,
        loader_database_url=None,
        mx_merchant={"calls_per_second": STAND_IN_CALLS_PER_SECOND},
        crm={"calls_per_second": STAND_IN_CALLS_PER_SECOND},
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


def _shop(platform: Platform, spec: ShopSpec, url: str) -> str:
    tenant = _tenant(platform, spec.name, spec.zone, spec.country)
    keys = {"partner_key": spec.partner_key, "shop_key": spec.shop_key}
    _connect(platform, tenant, Place("blaze", "stage", tenant.slug, url), keys)
    return tenant.slug


def _clinic(platform: Platform, spec: MxSpec, url: str) -> str:
    tenant = _tenant(platform, spec.name, spec.zone, "US")
    keys = {"consumer_key": spec.consumer_key, "consumer_secret": spec.consumer_secret}
    _connect(platform, tenant, Place("mx_merchant", "sandbox", str(spec.merchant_id), url), keys)
    return tenant.slug


def _club(platform: Platform, spec: CrmSpec, url: str) -> str:
    tenant = _tenant(platform, spec.name, "Asia/Bangkok", "TH")
    _connect(platform, tenant, Place("crm", "sandbox", tenant.slug, url), {"api_key": spec.api_key})
    return tenant.slug


def _tenant(platform: Platform, name: str, zone: str, country: str) -> Tenant:
    return add_tenant(platform.database, slug=name.lower().replace(" ", "-"), name=name, zone=zone, country=country)


def _connect(platform: Platform, tenant: Tenant, place: Place, keys: Mapping[str, str]) -> None:
    set_credential(
        platform.database,
        platform.keyring,
        tenant.id,
        source=place.source,
        environment=place.environment,
        account=place.account,
        secrets=keys,
        settings={"base_url": place.url},
    )

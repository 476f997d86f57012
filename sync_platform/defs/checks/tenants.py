"""Which tenants a check judges that is not part of a step of its own."""

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.defs.partitions import TENANTS, tenants_of_run
from sync_platform.sync.platform import Platform


def tenants_of_check(context: dg.AssetCheckExecutionContext, platform: Platform) -> list[Tenant]:
    """Active tenants of the run; all of them where checks are executed by themselves."""
    active = directory(platform.database)
    slugs = tenants_of_run(context.run.tags, context.instance.get_dynamic_partitions(TENANTS))
    return active if slugs is None else [tenant for tenant in active if tenant.slug in set(slugs)]

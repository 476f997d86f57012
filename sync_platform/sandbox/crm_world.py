"""The invented booking businesses of the demonstration: two CRM projects."""

from datetime import date

from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_spec import CrmSpec


def crm_demo_projects(today: date, *, seed: int = 2026) -> list[CrmProject]:
    """Two projects: one with more customers than an answer holds, one with texts for the packages' ids."""
    return [build_crm(spec) for spec in crm_demo_specs(today, seed=seed)]


def crm_demo_specs(today: date, *, seed: int = 2026) -> list[CrmSpec]:
    """What the two are made of."""
    return [
        CrmSpec(
            name="Lakeside Golf",
            seed=seed + 1,
            customers=1_250,
            today=today,
            api_key="demo-crm-key-1",
            public_key="demo-public-key-1",
        ),
        CrmSpec(
            name="Riverside Studio",
            seed=seed + 2,
            customers=300,
            today=today,
            api_key="demo-crm-key-2",
            public_key="demo-public-key-2",
            package_ids="text",
        ),
    ]

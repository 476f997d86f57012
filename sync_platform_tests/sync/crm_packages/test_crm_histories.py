"""Any history of changes and runs: each stored set is one that the CRM had as a whole, and in the end its last one."""

import random
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from sync_platform.sync.crm_entities import package_records
from sync_platform.sync.package_sets import package_set
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.crm_packages.club import Club
from sync_platform_tests.sync.crm_packages.conftest import OpenClub
from sync_platform_tests.transforms.crm_samples import HASH, PACKAGE, ZONE

STEPS = 25


def poisoned(package: dict[str, Any]) -> bool:
    return package["package_total_hours_from_def"] == "many"


def change(club: Club, customer: str, rng: random.Random) -> None:
    """What happens to a customer's packages."""
    packages = [one for one in club.project.packages_of(customer) if not poisoned(one)]
    what = rng.randrange(6)
    if what == 0 or not packages:
        club.project.add_package(customer)
    elif what == 1:
        club.project.remove_package(rng.choice(packages)["id"])
    elif what == 2:
        club.project.change_hours(rng.choice(packages)["id"], rng.choice([None, 0, 0.5, 12]))
    elif what == 3:
        club.project.modify("packages", rng.choice(packages)["id"], expiration_date=rng.choice([None, "2026-01-31"]))
    elif what == 4:
        club.project.poison(customer, rng.choice(["record", "error"]))
    else:
        club.project.cure(customer)


@pytest.mark.parametrize("seed", range(3))
def test_every_set_is_whole_after_every_run(
    open_club: OpenClub, make_platform: MakePlatform, clock: TestClock, seed: int
) -> None:
    """CRM-12, CRM-15, SYS-09: also where runs are stopped between two batches."""
    rng = random.Random(seed)
    source = rng.choice(["table", "function"])
    on = make_platform(
        crm={"calls_per_second": 1000, "batch_profiles": 3, "packages_source": source},
        sync={"max_delete_share": 1.0, "max_reject_share": 1.0},
    )
    club = open_club(on=on, customers=8, packages_each=1.5)
    mapped = club.link()
    seen: dict[str, list[dict[Any, Any]]] = {profile: [{}] for profile in mapped}
    for _ in range(STEPS):
        for _ in range(rng.randrange(3)):
            change(club, rng.choice(list(mapped.values())), rng)
        for profile, customer in mapped.items():
            if not any(poisoned(one) for one in club.project.packages_of(customer)):
                seen[profile].append(club.truth({profile: customer}))
        if rng.random() < 0.3:
            club.sync(on=replace(on, sleep=lambda _: on.stopping.set()))
            on.stopping.clear()
        else:
            named = tuple(rng.sample(list(mapped), 2)) if rng.random() < 0.3 else ()
            club.sync(profiles=named)
        clock.forward(rng.choice([1, 20, 2000]))
        for profile in mapped:
            assert club.stored(profile) in seen[profile]
    for customer in mapped.values():
        club.project.cure(customer)
    club.rows("update platform.retry_items set state = 'done' returning 1")
    assert club.sync().state == "succeeded"
    assert club.stored() == club.truth(mapped)
    unbalanced = club.rows(
        "select id from platform.sync_runs where error_class = 'LedgerUnbalanced' or fetched <> inserted + updated"
        " + unchanged + stale + duplicate_in_batch + quarantined"
    )
    assert unbalanced == []


def test_of_a_package_that_comes_twice_the_later_counts() -> None:
    """SYS-05."""
    raws = [msgspec.Raw(msgspec.json.encode(PACKAGE | {"calculated_used_hours": hours})) for hours in (1, 2)]
    made = package_set("p-1", HASH, raws, package_records(ZONE))
    assert (made.records, len(made.rows)) == (2, 1)
    assert b'"p-1","812"' in made.rows["812"]
    assert made.rows["812"] == package_set("p-1", HASH, raws[1:], package_records(ZONE)).rows["812"]

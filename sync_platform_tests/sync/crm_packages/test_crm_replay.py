"""Quarantined records of the CRM are loaded again, packages with the set they belong to (SYS-08)."""

from sync_platform.db.quarantine import items
from sync_platform.sync.replay import replay
from sync_platform_tests.sync.crm_packages.club import Club


def test_a_package_comes_back_with_its_whole_set(club: Club) -> None:
    """CRM-12: and leaves the retry list."""
    mapped = club.link()
    profile, customer = next((p, h) for p, h in mapped.items() if club.project.packages_of(h))
    record = club.project.packages_of(customer)[0]
    club.project.modify("packages", record["id"], expiration_date="2026-13-45")
    club.sync()
    waiting = items(club.platform.database, club.tenant.id, limit=10)
    assert [(one.entity, one.source_id, one.reason) for one in waiting] == [
        ("packages", str(record["id"]), "wrong_type")
    ]
    assert profile in club.retry()
    again = replay(club.platform, club.tenant, waiting, "test")
    assert again.still_open == (waiting[0].id,)
    club.project.modify("packages", record["id"], expiration_date="2027-01-31")
    done = replay(club.platform, club.tenant, waiting, "test")
    assert (done.loaded, done.still_open) == ((waiting[0].id,), ())
    assert club.stored() == club.truth(mapped)
    assert club.retry() == {}


def test_a_customer_comes_back_with_the_copy(club: Club) -> None:
    odd = club.project.truth("customers")[5]
    club.project.modify("customers", odd["id"], email=["not", "a", "text"])
    club.link(club.project.truth("customers")[:5])
    club.sync()
    waiting = items(club.platform.database, club.tenant.id, limit=10)
    assert [(one.source, one.entity) for one in waiting] == [("crm", "customers")]
    club.project.modify("customers", odd["id"], email="somebody@example.org")
    done = replay(club.platform, club.tenant, waiting, "test")
    assert done.loaded == (waiting[0].id,)
    assert club.rows("select email from crm.customers where customer_id = %s", odd["id"]) == [("somebody@example.org",)]

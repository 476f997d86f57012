"""What holds for the packages of a club, whatever happened to its customers, its profiles and our runs."""

from sync_platform_tests.sync.crm_packages.club import Club

LIVE = "state in ('auto', 'confirmed')"


def assert_no_package_is_a_strangers(club: Club) -> None:
    """At any time: one live mapping per profile and per customer, and every package is of its profile's customer, as
    the platform knew the customer when the package was written."""
    for column in ("profile_id", "stable_hash_id"):
        twice = f"select {column} from crm.customer_mapping where {LIVE} group by 1 having count(*) > 1"
        assert club.rows(twice) == []
    strangers = (
        "select p.profile_id from crm.packages p where p.deleted_at is null and not exists (select 1 from"
        f" crm.customer_mapping m where m.profile_id = p.profile_id and {LIVE}"
        " and p.stable_hash_id = any(m.previous_hashes || m.stable_hash_id))"
    )
    assert club.rows(strangers) == []


def mapped_and_shown(club: Club) -> dict[str, str]:
    """Profile -> hash of the active profiles whose customer the CRM has."""
    shown = {one["stable_hash_id"] for one in club.project.truth("customers")}
    found = club.rows(
        "select profile_id, stable_hash_id from crm.customer_mapping join crm.profiles using (tenant_id, profile_id)"
        f" where {LIVE} and active"
    )
    return {profile: customer for profile, customer in found if customer in shown}

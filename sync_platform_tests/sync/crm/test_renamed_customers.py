"""A customer whose name, phone or id changes in the CRM stays the profile's; one who is gone is told."""

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.crm.crm_people import (
    InCrm,
    asked,
    drop_customers,
    execute,
    hashes,
    links,
    match,
    put_customers,
    put_package,
    put_profiles,
)

ANN = InCrm(1, "Ann Example", "081-234-5678", "ann@example.org")
BEN = InCrm(2, "Ben Sample", "089 876 5432")


@pytest.fixture(autouse=True)
def mapped(platform: Platform, tenant: Tenant) -> None:
    """Ann and Ben are mapped; Ann has a package."""
    put_customers(platform, tenant, [ANN, BEN])
    put_profiles(
        platform,
        tenant,
        ProfileFacts("p-ann", "Ann Example", "0812345678"),
        ProfileFacts("p-ben", "Ben Sample", "0898765432"),
    )
    assert match(platform, tenant).linked == 2
    put_package(platform, tenant, "p-ann", ANN.hash)


def confirm_anns(platform: Platform, tenant: Tenant) -> None:
    """As a person does it."""
    execute(platform, tenant, "update crm.customer_mapping set state = 'confirmed' where profile_id = 'p-ann'")


def package_hash(platform: Platform, tenant: Tenant) -> str:
    ((found,),) = execute(platform, tenant, "select stable_hash_id from crm.packages where deleted_at is null")
    return str(found)


@pytest.mark.parametrize("state", ["auto", "confirmed"])
@pytest.mark.parametrize(
    "renamed",
    [
        pytest.param(InCrm(1, "Ann Sample-Married", "081-234-5678"), id="name, same id and phone"),
        pytest.param(InCrm(1, "Ann Example", "02 111 2233"), id="phone, same id and name"),
        pytest.param(InCrm(8, "Ann E. Example", "+66 81 234 5678"), id="name and id, decided as new"),
    ],
)
def test_a_renamed_customer_keeps_its_mapping_and_its_packages(
    platform: Platform, tenant: Tenant, state: str, renamed: InCrm
):
    """CRM-05, CRM-08; issue 6: it is matched again and reported."""
    if state == "confirmed":
        confirm_anns(platform, tenant)
    drop_customers(platform, tenant, 1)
    put_customers(platform, tenant, [renamed])
    tally = match(platform, tenant, run_id=5)
    assert (tally.renamed, tally.kept, tally.lost, tally.reviews) == (1, 1, 0, 0)
    assert tally.as_report()["sample"] == [{"profile_id": "p-ann", "outcome": "renamed"}]
    link = links(platform, tenant)["p-ann"]
    assert (link.stable_hash_id, link.state, link.lost) == (renamed.hash, state, False)
    assert (link.customer_id, link.customer_name, link.contact_number) == (renamed.id, renamed.name, renamed.phone)
    ((previous,),) = execute(
        platform, tenant, "select previous_hashes from crm.customer_mapping where profile_id = 'p-ann'"
    )
    assert previous == [ANN.hash]
    assert package_hash(platform, tenant) == renamed.hash
    assert match(platform, tenant).kept == 2


def test_a_customer_that_is_renamed_back_has_its_old_hash_again(platform: Platform, tenant: Tenant):
    married = InCrm(1, "Ann Sample", "081-234-5678")
    for now in (married, ANN, married):
        put_customers(platform, tenant, [now])
        assert match(platform, tenant, "p-ann").renamed == 1
        assert hashes(platform, tenant)["p-ann"] == now.hash


def test_a_rename_beyond_recognition_is_asked_about_and_the_packages_stay(platform: Platform, tenant: Tenant):
    """CRM-08: the old mapping is kept, marked as lost, until a person decides."""
    confirm_anns(platform, tenant)
    drop_customers(platform, tenant, 1)
    other = InCrm(8, "Ann Different", "02 111 2233")
    put_customers(platform, tenant, [other])
    tally = match(platform, tenant)
    assert (tally.renamed, tally.reviews, tally.lost) == (0, 1, 0)
    assert asked(platform, tenant) == {("p-ann", other.hash, "renamed", "open")}
    link = links(platform, tenant)["p-ann"]
    assert (link.stable_hash_id, link.state, link.lost) == (ANN.hash, "confirmed", True)
    assert package_hash(platform, tenant) == ANN.hash


def test_who_has_the_id_of_a_customer_but_nothing_else_of_it_is_asked_about(platform: Platform, tenant: Tenant):
    """Name and phone were corrected at once, or the id was given to somebody else: only a person can tell."""
    other = InCrm(1, "Quite Different", "02 111 2233")
    put_customers(platform, tenant, [other])
    assert match(platform, tenant).reviews == 1
    assert asked(platform, tenant) == {("p-ann", other.hash, "renamed", "open")}
    assert hashes(platform, tenant)["p-ann"] == ANN.hash


def test_rebuilt_ids_change_nothing_else(platform: Platform, tenant: Tenant):
    """CRM-05: the ids are exchanged; hashes say who is who."""
    put_customers(platform, tenant, [InCrm(2, ANN.name, ANN.phone, ANN.email), InCrm(1, BEN.name, BEN.phone)])
    everything = "select profile_id, stable_hash_id, state, score, actor, decided_at, customer_name, previous_hashes"
    before = execute(platform, tenant, f"{everything} from crm.customer_mapping order by 1")
    tally = match(platform, tenant)
    assert (tally.kept, tally.renumbered, tally.renamed) == (2, 2, 0)
    assert execute(platform, tenant, f"{everything} from crm.customer_mapping order by 1") == before
    assert {who: link.customer_id for who, link in links(platform, tenant).items()} == {"p-ann": 2, "p-ben": 1}
    assert match(platform, tenant).renumbered == 0


def test_an_id_says_nothing_once_ids_were_rebuilt(platform: Platform, tenant: Tenant):
    """Ann is gone, and a relative with her phone has got her old id: that is not Ann under another name."""
    put_customers(platform, tenant, [InCrm(1, "Dan Muster", "081-234-5678"), InCrm(7, BEN.name, BEN.phone)])
    drop_customers(platform, tenant, 2)
    for only in (["p-ann"], ["p-ben"], [], ["p-ann"], []):
        assert match(platform, tenant, *only).renamed == 0
    assert hashes(platform, tenant)["p-ann"] == ANN.hash


def test_a_customer_that_is_gone_is_told_and_its_mapping_kept(platform: Platform, tenant: Tenant):
    """CRM-05."""
    drop_customers(platform, tenant, 1)
    tally = match(platform, tenant)
    assert (tally.lost, tally.kept) == (1, 1)
    assert tally.as_report()["sample"] == [{"profile_id": "p-ann", "outcome": "lost"}]
    assert links(platform, tenant)["p-ann"].lost
    put_customers(platform, tenant, [ANN])
    assert (match(platform, tenant).kept, links(platform, tenant)["p-ann"].lost) == (2, False)


def test_a_renamed_customer_is_not_taken_from_whom_it_belongs_to(platform: Platform, tenant: Tenant):
    """CRM-05: two customers become one; the one who has it keeps it."""
    put_customers(platform, tenant, [InCrm(1, "Ben Sample", "089 876 5432")])
    tally = match(platform, tenant)
    assert (tally.renamed, tally.lost) == (0, 1)
    assert hashes(platform, tenant) == {"p-ann": ANN.hash, "p-ben": BEN.hash}


def test_a_pair_that_a_person_said_no_to_is_not_moved_to(platform: Platform, tenant: Tenant):
    """CRM-08."""
    married = InCrm(1, "Ann Sample", "081-234-5678")
    execute(
        platform,
        tenant,
        "insert into crm.customer_mapping (tenant_id, profile_id, stable_hash_id, method, score, state, actor)"
        " values (%s, 'p-ann', %s, 'manual', 1, 'rejected', 'test')",
        tenant.id,
        married.hash,
    )
    put_customers(platform, tenant, [married])
    tally = match(platform, tenant)
    assert (tally.renamed, tally.lost, asked(platform, tenant)) == (0, 1, set())

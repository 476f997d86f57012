"""Profiles are linked to customers where it is sure, asked about where it is not, and never twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.crm.crm_people import (
    InCrm,
    asked,
    execute,
    hashes,
    links,
    match,
    put_customers,
    put_profiles,
)

ANN = InCrm(1, "Ann Example", "081-234-5678", "ann@example.org")
BEN = InCrm(2, "Ben Sample", "089 876 5432")
CY = InCrm(3, "Cy Muster", None, "cy@example.org")
ANNS = ProfileFacts("p-ann", "ann example", "+66 81 234 5678")


@pytest.fixture
def customers(platform: Platform, tenant: Tenant) -> None:
    put_customers(platform, tenant, [ANN, BEN, CY])


@pytest.mark.usefixtures("customers")
def test_a_profile_with_the_same_phone_and_name_is_linked_with_its_evidence(platform: Platform, tenant: Tenant):
    """CRM-05, CRM-06, CRM-07: method, score and evidence per attribute are kept."""
    put_profiles(platform, tenant, ANNS)
    tally = match(platform, tenant)
    assert (tally.profiles, tally.linked, tally.reviews) == (1, 1, 0)
    (link,) = links(platform, tenant).values()
    assert (link.stable_hash_id, link.state, link.method, link.customer_id) == (ANN.hash, "auto", "phone", 1)
    assert (link.customer_name, link.contact_number, str(link.score)) == ("Ann Example", "081-234-5678", "1.00")
    ((evidence, actor),) = execute(platform, tenant, "select evidence, actor from crm.customer_mapping")
    assert evidence["phone"] == {"near": "exact", "points": 0.7}
    assert actor == "test"


@pytest.mark.usefixtures("customers")
def test_a_name_alone_is_asked_about_and_never_linked(platform: Platform, tenant: Tenant):
    """CRM-07, CRM-08: the old job linked these."""
    put_profiles(platform, tenant, ProfileFacts("p-ben", "Ben Sample"))
    tally = match(platform, tenant)
    assert (tally.linked, tally.reviews, tally.questions) == (0, 1, 1)
    ((profile, customer, score, evidence),) = execute(
        platform, tenant, "select profile, customer, score, evidence from crm.match_reviews"
    )
    assert profile == {"full_name": "Ben Sample", "phone": None, "email": None}
    assert customer == {"customer_name": "Ben Sample", "contact_number": "089 876 5432", "email": None}
    assert (str(score), evidence["first_name"]["near"]) == ("1.00", "exact")


@pytest.mark.usefixtures("customers")
def test_who_is_like_nobody_stays_unmatched(platform: Platform, tenant: Tenant):
    put_profiles(platform, tenant, ProfileFacts("p-x", "Somebody Else", "+66 2 111 2233"), ProfileFacts("p-y"))
    tally = match(platform, tenant)
    assert (tally.unmatched, asked(platform, tenant)) == (2, set())


@pytest.mark.usefixtures("customers")
def test_matching_again_writes_nothing(platform: Platform, tenant: Tenant):
    """SYS-05: links and questions are the same rows afterwards."""
    put_profiles(platform, tenant, ANNS, ProfileFacts("p-ben", "Ben Sample"))
    match(platform, tenant)
    rows = "select 'm', xmin::text from crm.customer_mapping union all select 'r', xmin::text from crm.match_reviews"
    before = execute(platform, tenant, rows)
    again = match(platform, tenant)
    assert (again.linked, again.kept, again.reviews, again.closed) == (0, 1, 1, 0)
    assert execute(platform, tenant, rows) == before


@pytest.mark.usefixtures("customers")
def test_the_phone_of_a_booking_counts_more_than_that_of_the_profile(platform: Platform, tenant: Tenant):
    """CRM-11."""
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example", "+66 2 000 1122"))
    assert match(platform, tenant, "p-ann").linked == 0
    tally = match(platform, tenant, "p-ann", phones={"p-ann": "0812345678"})
    assert (tally.linked, hashes(platform, tenant)) == (1, {"p-ann": ANN.hash})
    assert {state for *_, state in asked(platform, tenant)} == {"obsolete"}
    assert execute(platform, tenant, "select phone from crm.profiles") == [("+66 2 000 1122",)]


@pytest.mark.usefixtures("customers")
def test_a_blank_phone_of_a_booking_does_not_count(platform: Platform, tenant: Tenant):
    """CRM-11, SYS-07."""
    put_profiles(platform, tenant, ANNS)
    assert match(platform, tenant, "p-ann", phones={"p-ann": "  "}).linked == 1


def test_two_profiles_that_are_as_near_to_one_customer_are_both_asked_about(platform: Platform, tenant: Tenant):
    """CRM-05: neither wins by coming first."""
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ANNS, ProfileFacts("p-zoe", "Ann Example", "081 234 5678"))
    tally = match(platform, tenant)
    assert (tally.linked, tally.reviews) == (0, 2)
    assert asked(platform, tenant) == {(who, ANN.hash, "claimed_twice", "open") for who in ("p-ann", "p-zoe")}


@pytest.mark.parametrize("first", ["p-ann", "p-zoe"])
def test_a_single_profile_is_not_linked_while_another_is_as_near(platform: Platform, tenant: Tenant, first: str):
    """CRM-05: a login does not decide what the nightly run would leave to a person."""
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ANNS, ProfileFacts("p-zoe", "Ann Example", "๐๘๑-๒๓๔-๕๖๗๘"))
    tally = match(platform, tenant, first)
    assert (tally.linked, tally.reviews) == (0, 1)
    assert asked(platform, tenant) == {(first, ANN.hash, "claimed_twice", "open")}


def test_a_rival_with_a_slip_in_the_phone_is_seen_too(platform: Platform, tenant: Tenant):
    """CRM-05: 1.00 and 1.00, as scores end at 1.00."""
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ANNS, ProfileFacts("p-zoe", "Ann Example", "0812345679"))
    assert match(platform, tenant, "p-ann").reviews == 1


def test_rivals_of_many_profiles_are_seen_too(platform: Platform, tenant: Tenant):
    """CRM-05: more than the database is given patterns for."""
    people = [InCrm(number, f"Ann{chr(97 + number % 26)} Example", f"08{number:02}345678") for number in range(60)]
    put_customers(platform, tenant, people)
    put_profiles(platform, tenant, *(ProfileFacts(f"p-{one.id}", one.name, one.phone) for one in people))
    put_profiles(platform, tenant, ProfileFacts("p-zoe", people[7].name, people[7].phone))
    before = match(platform, tenant, "p-7", dry_run=True)
    assert match(platform, tenant, *(f"p-{one.id}" for one in people), dry_run=True).reviews >= before.reviews == 1


def test_of_two_profiles_the_one_that_is_ahead_by_the_lead_is_linked(platform: Platform, tenant: Tenant):
    """CRM-05, CRM-07: 1.00 against 0.70 + 0.20 and less than the lead; 0.15 decides."""
    put_customers(platform, tenant, [InCrm(1, "Ann Example", "0812345678")])
    put_profiles(platform, tenant, ANNS, ProfileFacts("p-zoe", "Ann", None, "zoe@example.org"))
    assert match(platform, tenant).linked == 1
    assert hashes(platform, tenant) == {"p-ann": ANN.hash}


def test_who_comes_to_a_customer_that_is_somebodys_is_asked_about(platform: Platform, tenant: Tenant):
    """CRM-05: the mapping that is there stays."""
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ANNS)
    match(platform, tenant)
    put_profiles(platform, tenant, ProfileFacts("p-zoe", "Ann Example", "081 234 5678"))
    for only in (["p-zoe"], []):
        tally = match(platform, tenant, *only)
        assert (tally.linked, tally.reviews) == (0, 1)
        assert hashes(platform, tenant) == {"p-ann": ANN.hash}
        assert asked(platform, tenant) == {("p-zoe", ANN.hash, "claimed_twice", "open")}


def test_nobody_is_asked_whether_a_namesake_is_a_customer_that_is_somebodys(platform: Platform, tenant: Tenant):
    """CRM-08: the answer is known, as nothing but the name is the same."""
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ANNS, ProfileFacts("p-zoe", "Ann Example", "+66 2 000 1122"))
    tally = match(platform, tenant)
    assert (tally.linked, tally.unmatched, asked(platform, tenant)) == (1, 1, set())


def test_rows_with_one_hash_are_one_customer(platform: Platform, tenant: Tenant):
    """CRM-07: a person that the CRM has twice is no second one to be ahead of."""
    put_customers(platform, tenant, [ANN, InCrm(9, "Ann Example", "081 234 5678", "other@example.org")])
    put_profiles(platform, tenant, ANNS)
    assert match(platform, tenant).linked == 1


def test_a_customer_without_a_hash_is_not_linked(platform: Platform, tenant: Tenant):
    """CRM-05: there would be no way to its packages."""
    put_customers(platform, tenant, [ANN])
    execute(platform, tenant, "update crm.customers set stable_hash_id = null, last_changed_at = clock_timestamp()")
    put_profiles(platform, tenant, ANNS)
    assert match(platform, tenant).unmatched == 1


@pytest.mark.usefixtures("customers")
def test_twenty_threads_that_match_the_same_profiles_make_one_mapping_each(platform: Platform, tenant: Tenant):
    """CRM-05: created once under concurrency, and nobody sees an error."""
    people = [ANNS, ProfileFacts("p-ben", "Ben Sample", "0898765432"), ProfileFacts("p-c", "Cy Muster", "", CY.email)]
    put_profiles(platform, tenant, *people)

    def one_of_them(number: int) -> int:
        return match(platform, tenant, *([people[number % 3].profile_id] if number % 2 else [])).linked

    with ThreadPoolExecutor(20) as threads:
        linked = sum(threads.map(one_of_them, range(20)))
    assert linked == 3
    assert hashes(platform, tenant) == {"p-ann": ANN.hash, "p-ben": BEN.hash, "p-c": CY.hash}
    assert execute(platform, tenant, "select count(*) from crm.customer_mapping") == [(3,)]


@pytest.mark.usefixtures("customers")
def test_a_dry_run_tells_the_same_and_writes_nothing(platform: Platform, tenant: Tenant):
    """SYS-20."""
    put_profiles(platform, tenant, ANNS, ProfileFacts("p-ben", "Ben Sample"))
    announced = match(platform, tenant, dry_run=True)
    assert (links(platform, tenant), asked(platform, tenant)) == ({}, set())
    done = match(platform, tenant)
    assert announced.as_report() == done.as_report() | {"dry_run": True}
    assert {change["outcome"] for change in done.as_report()["sample"]} == {"linked", "reviews"}


@pytest.mark.usefixtures("customers")
def test_an_inactive_profile_is_not_matched_and_no_longer_asked_about(platform: Platform, tenant: Tenant):
    put_profiles(platform, tenant, ProfileFacts("p-ben", "Ben Sample"))
    match(platform, tenant)
    put_profiles(platform, tenant, ProfileFacts("p-ben", active=False))
    tally = match(platform, tenant)
    assert (tally.profiles, tally.closed) == (0, 1)
    assert match(platform, tenant, "p-ben").profiles == 0


@pytest.mark.usefixtures("customers")
def test_a_question_is_closed_when_the_profile_is_linked_or_nobody_is_near_any_more(platform: Platform, tenant: Tenant):
    """CRM-08."""
    put_profiles(platform, tenant, ProfileFacts("p-ben", "Ben Sample"), ProfileFacts("p-ann", "Ann Example"))
    match(platform, tenant)
    put_profiles(
        platform, tenant, ProfileFacts("p-ben", phone="089-876-5432"), ProfileFacts("p-ann", "Quite Different")
    )
    tally = match(platform, tenant)
    assert (tally.linked, tally.unmatched, tally.closed, tally.questions) == (1, 1, 2, 0)
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example"))
    assert match(platform, tenant).questions == 1


@pytest.mark.usefixtures("customers")
def test_customers_of_another_tenant_are_nobody(platform: Platform, tenant: Tenant, other_tenant: Tenant):
    """TEN-04: the same person at two tenants is two people."""
    put_profiles(platform, other_tenant, ANNS)
    assert match(platform, other_tenant).unmatched == 1
    put_customers(platform, other_tenant, [ANN])
    put_profiles(platform, tenant, ANNS)
    assert (match(platform, other_tenant).linked, match(platform, tenant).linked) == (1, 1)


@pytest.mark.usefixtures("customers")
def test_links_by_a_run_are_audited_without_personal_data(platform: Platform, tenant: Tenant):
    """CRM-08."""
    put_profiles(platform, tenant, ANNS)
    match(platform, tenant, run_id=7)
    with platform.database.transaction(tenant.id, "sp_audit") as conn:
        found = conn.execute("select actor, action, subject, detail from platform.audit_log").fetchall()
    assert found == [("test", "matches.auto", "customer_mapping", {"linked": 1, "renamed": 0, "run": 7})]

"""What people decide about matches holds: it is remembered, audited, and no automatic matching changes it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.match_reviews import Review
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync.platform import Platform
from sync_platform.sync.profiles import read_profiles
from sync_platform.sync.reviews import confirm, open_reviews, reject, reopen, review, unlink
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
PERSONAL = ("Ann", "Example", "081", "ann@", ANN.hash)


@pytest.fixture
def question(platform: Platform, tenant: Tenant) -> Review:
    """Whether Ann, who gave no phone, is Ann."""
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example"))
    match(platform, tenant)
    (only,) = open_reviews(platform, tenant)
    return only


def audited(platform: Platform, tenant: Tenant) -> list[tuple[Any, ...]]:
    with platform.database.transaction(tenant.id, "sp_audit") as conn:
        rows = conn.execute("select actor, action, subject, detail from platform.audit_log order by id")
        return rows.fetchall()


def packages(platform: Platform, tenant: Tenant) -> list[tuple[Any, ...]]:
    return execute(platform, tenant, "select stable_hash_id, deleted_at is null from crm.packages")


def test_a_confirmed_pair_is_linked_and_matching_leaves_it_alone(platform: Platform, tenant: Tenant, question: Review):
    """CRM-05, CRM-08."""
    done = confirm(platform, tenant, question.id, "kim", "she called")
    assert (done.review.state, done.review.actor, done.review.note) == ("confirmed", "kim", "she called")
    link = links(platform, tenant)["p-ann"]
    assert (link.state, link.method, link.stable_hash_id, link.customer_id) == ("confirmed", "manual", ANN.hash, 1)
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Quite Different", "+66 2 000 1122"))
    tally = match(platform, tenant)
    assert (tally.kept, tally.questions) == (1, 0)
    assert links(platform, tenant)["p-ann"] == link


def test_a_rejected_pair_is_never_linked_or_asked_about_again(platform: Platform, tenant: Tenant, question: Review):
    """CRM-08: not even when everything speaks for it."""
    reject(platform, tenant, question.id, "kim")
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example", ANN.phone, ANN.email))
    for only in ([], ["p-ann"]):
        tally = match(platform, tenant, *only)
        assert (tally.linked, tally.reviews, tally.unmatched) == (0, 0, 1)
    assert hashes(platform, tenant) == {}
    assert {(who, state) for who, _, _, state in asked(platform, tenant)} == {("p-ann", "rejected")}


def test_a_rejected_pair_does_not_keep_others_from_being_linked(platform: Platform, tenant: Tenant, question: Review):
    """CRM-08: the customer is another profile's, the profile another customer."""
    reject(platform, tenant, question.id, "kim")
    other = InCrm(2, "Ann Sample", "02 111 2233")
    put_customers(platform, tenant, [other])
    put_profiles(
        platform,
        tenant,
        ProfileFacts("p-ann", phone="02 111 2233"),
        ProfileFacts("p-zoe", "Ann Example", "081-234-5678", ANN.email),
    )
    match(platform, tenant)
    assert hashes(platform, tenant) == {"p-ann": other.hash, "p-zoe": ANN.hash}


def test_a_reopened_pair_is_a_question_that_only_a_person_answers(platform: Platform, tenant: Tenant, question: Review):
    """CRM-08."""
    reject(platform, tenant, question.id, "kim", "no")
    assert reopen(platform, tenant, question.id, "lee").review.state == "open"
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example", ANN.phone))
    for _ in range(2):
        tally = match(platform, tenant)
        assert (tally.linked, tally.reviews, tally.questions) == (0, 1, 1)
    assert asked(platform, tenant) == {("p-ann", ANN.hash, "reopened", "open")}
    confirm(platform, tenant, question.id, "lee")
    assert hashes(platform, tenant) == {"p-ann": ANN.hash}


def test_unlinking_takes_the_packages_away_and_is_a_no(platform: Platform, tenant: Tenant, question: Review):
    """CRM-08: nobody is shown another customer's packages a moment longer."""
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example", ANN.phone))
    assert match(platform, tenant).linked == 1
    put_package(platform, tenant, "p-ann", ANN.hash)
    execute(platform, tenant, "update crm.profiles set packages_synced_at = now(), packages_count = 1")
    done = unlink(platform, tenant, "p-ann", "kim", "her mother")
    assert (done.packages, done.review.state, done.review.note) == (1, "rejected", "her mother")
    assert done.review.evidence["phone"]["near"] == "exact"
    assert packages(platform, tenant) == [(ANN.hash, False)]
    (profile,) = read_profiles(platform, tenant)
    assert (profile.packages_synced_at, profile.packages_count) == (None, None)
    assert match(platform, tenant).unmatched == 1
    reopen(platform, tenant, done.review.id, "kim")
    confirm(platform, tenant, done.review.id, "kim")
    assert hashes(platform, tenant) == {"p-ann": ANN.hash}


def test_a_pair_that_nobody_asked_about_can_be_unlinked(platform: Platform, tenant: Tenant):
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example", ANN.phone))
    match(platform, tenant)
    done = unlink(platform, tenant, "p-ann", "kim")
    assert (done.review.reason, done.review.customer["email"]) == ("unlinked", ANN.email)


@pytest.mark.parametrize("decide", [confirm, reject])
def test_a_question_is_answered_once(
    platform: Platform, tenant: Tenant, question: Review, decide: Callable[..., object]
):
    decide(platform, tenant, question.id, "kim")
    for again in (confirm, reject):
        with pytest.raises(Refused, match=r"is (confirmed|rejected) by kim; nothing was done"):
            again(platform, tenant, question.id, "lee")


def test_two_people_who_answer_at_once_do_not_both_count(platform: Platform, tenant: Tenant, question: Review):
    def answer(number: int) -> str:
        try:
            return (confirm if number % 2 else reject)(platform, tenant, question.id, f"kim-{number}").review.state
        except Refused:
            return "refused"

    with ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(answer, range(6)))
    assert answers.count("refused") == 5
    assert len(audited(platform, tenant)) == 1


def test_a_customer_that_is_somebodys_is_not_confirmed_for_another(platform: Platform, tenant: Tenant):
    """CRM-05: the other one has to be unlinked first, by name."""
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example", ANN.phone))
    match(platform, tenant)
    put_profiles(platform, tenant, ProfileFacts("p-zoe", "Ann Example", ANN.phone))
    match(platform, tenant)
    (question,) = open_reviews(platform, tenant)
    with pytest.raises(Refused, match="linked to profile p-ann"):
        confirm(platform, tenant, question.id, "kim")
    unlink(platform, tenant, "p-ann", "kim")
    confirm(platform, tenant, question.id, "kim")
    assert hashes(platform, tenant) == {"p-zoe": ANN.hash}


def test_a_profile_that_was_linked_meanwhile_is_not_confirmed_for_another_customer(
    platform: Platform, tenant: Tenant, question: Review
):
    """CRM-05."""
    other = InCrm(2, "Ann Example", "02 111 2233")
    put_customers(platform, tenant, [other])
    match(platform, tenant)
    first, second = open_reviews(platform, tenant)
    confirm(platform, tenant, first.id, "kim")
    assert review(platform, tenant, second.id).state == "obsolete"
    with pytest.raises(Refused, match="is obsolete by kim"):
        confirm(platform, tenant, second.id, "kim")


def test_a_customer_that_is_gone_cannot_be_confirmed(platform: Platform, tenant: Tenant, question: Review):
    drop_customers(platform, tenant, 1)
    with pytest.raises(Refused, match="no such customer any more"):
        confirm(platform, tenant, question.id, "kim")


@pytest.mark.parametrize("reopened", [False, True])
def test_confirming_a_renamed_customer_moves_mapping_and_packages(platform: Platform, tenant: Tenant, reopened: bool):
    """CRM-05: renamed beyond recognition, so a person was asked."""
    put_customers(platform, tenant, [ANN])
    put_profiles(platform, tenant, ProfileFacts("p-ann", "Ann Example", ANN.phone))
    match(platform, tenant)
    put_package(platform, tenant, "p-ann", ANN.hash)
    drop_customers(platform, tenant, 1)
    renamed = InCrm(8, "Ann Different", "02 111 2233")
    put_customers(platform, tenant, [renamed])
    match(platform, tenant)
    (question,) = open_reviews(platform, tenant)
    if reopened:
        reject(platform, tenant, question.id, "kim")
        assert match(platform, tenant).lost == 1
        reopen(platform, tenant, question.id, "kim")
    confirm(platform, tenant, question.id, "kim")
    link = links(platform, tenant)["p-ann"]
    assert (link.stable_hash_id, link.state, link.customer_name) == (renamed.hash, "confirmed", "Ann Different")
    assert packages(platform, tenant) == [(renamed.hash, True)]
    assert match(platform, tenant).kept == 1


def test_every_decision_is_audited_without_personal_data(platform: Platform, tenant: Tenant, question: Review):
    """CRM-08."""
    reject(platform, tenant, question.id, "kim", "Ann called")
    reopen(platform, tenant, question.id, "kim")
    confirm(platform, tenant, question.id, "kim")
    unlink(platform, tenant, "p-ann", "lee")
    found = audited(platform, tenant)
    subject = f"review {question.id}"
    assert [row[:3] for row in found] == [
        ("kim", "matches.reject", subject),
        ("kim", "matches.reopen", subject),
        ("kim", "matches.confirm", subject),
        ("lee", "matches.unlink", subject),
    ]
    assert not any(text in json.dumps(found) for text in PERSONAL)


def test_what_there_is_not_is_said(platform: Platform, tenant: Tenant, question: Review, other_tenant: Tenant):
    """TEN-04: another tenant's questions are none."""
    for decide in (confirm, reject):
        with pytest.raises(InvalidRequest, match=f"no review {question.id}"):
            decide(platform, other_tenant, question.id, "kim")
    with pytest.raises(InvalidRequest, match="linked to no customer"):
        unlink(platform, tenant, "p-ann", "kim")
    with pytest.raises(InvalidRequest, match="at most 500"):
        confirm(platform, tenant, question.id, "kim", "x" * 501)
    with pytest.raises(Refused, match="only a rejected one"):
        reopen(platform, tenant, question.id, "kim")

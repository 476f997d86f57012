"""The packages of the job before this one beside ours (CMP-18)."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.sync.comparison import history, newest
from sync_platform.sync.crm_comparison import PackageComparison, compare_packages
from sync_platform.sync.old_packages import OldSource
from sync_platform_tests.sync.crm_packages.club import Club
from sync_platform_tests.sync.crm_packages.conftest import OpenClub
from sync_platform_tests.sync.crm_packages.old_job import Row, old_rows, write_rows

#: As the database sees it: what is over is judged there, by the tenant's own day.
TODAY = datetime.now(ZoneInfo("Asia/Bangkok")).date()


@pytest.fixture
def many(open_club: OpenClub) -> Club:
    """A club whose members have so many packages that the gate has enough to judge by."""
    return open_club(packages_each=9.0, today=TODAY)


def compared(club: Club, rows: list[Row], folder: Path) -> PackageComparison:
    """Ours with an export of these rows."""
    file = write_rows(folder / "old.csv", rows)
    return compare_packages(club.platform, club.tenant, OldSource(file=file), actor="test")


def reasons(found: PackageComparison) -> dict[tuple[str, str], int]:
    """Rows of one side by reason."""
    return {(one.row_class, one.reason): one.rows for one in found.lonely}


def ready(club: Club) -> tuple[dict[str, str], list[Row]]:
    """Everybody linked and synced, and the rows of a job that made no mistake."""
    mapped = club.link()
    assert club.sync().finished
    return mapped, old_rows(club, mapped, TODAY.isoformat())


def test_equal_rows_open_the_gate_and_what_the_job_left_out_is_told_apart(many: Club, tmp_path: Path) -> None:
    """CMP-18, CRM-12: expired and undated packages, which only we keep, count for no rate."""
    mapped, old = ready(many)
    found = compared(many, old, tmp_path)
    left_out = len(many.truth(mapped)) - len(old)
    assert (found.result.matched, found.result.rate, found.passed) == (len(old), Decimal(0), True)
    assert reasons(found) == {("only_staging", "expired_or_undated"): left_out}
    assert found.result.historical == left_out > 0
    assert all(one.equal == one.compared for one in found.result.fields)
    assert len(old) >= 30


def test_the_faults_of_the_job_are_named_one_by_one(open_club: OpenClub, tmp_path: Path) -> None:
    """CMP-18: customers beyond the first answer, a set that was deleted, the wrong person, a link by name alone."""
    club = open_club(customers=1_030, packages_each=3.0, today=TODAY)
    customers = club.project.truth("customers")
    mapped = club.link([*customers[:60], *customers[1_000:]])
    assert club.sync().finished
    old = old_rows(club, mapped, TODAY.isoformat())
    profiles = list(dict.fromkeys(row["profile_id"] for row in old))
    late = {one["stable_hash_id"] for one in customers[1_000:]}
    seen = [row for row in old if row["stable_hash_id"] not in late]
    early = [profile for profile in profiles if mapped[profile] not in late]
    lost, victim, thief = early[0], early[1], early[2]
    rows = [dict(row) for row in seen if row["profile_id"] != lost]
    stolen = [row for row in rows if row["profile_id"] == victim]
    for row in stolen:
        row["profile_id"] = thief
    many_rows = [*rows, {**rows[-1], "profile_id": "p-walk-in", "crm_package_id": "unknown"}]
    found = reasons(compared(club, many_rows, tmp_path))
    assert found.pop(("only_staging", "expired_or_undated")) > 0
    assert found == {
        ("only_staging", "beyond_first_answer"): len(old) - len(seen),
        ("only_staging", "set_missing"): sum(1 for row in seen if row["profile_id"] == lost),
        ("only_staging", "other_person"): len(stolen),
        ("only_production", "other_person"): len(stolen),
        ("only_production", "not_linked"): 1,
    }


def test_a_link_by_name_alone_is_told_from_one_that_nobody_asks_about(many: Club, tmp_path: Path) -> None:
    """CMP-18, CRM-07."""
    _, old = ready(many)
    for profile, reason in (
        ("p-name", "neither phone nor e-mail is the same"),
        ("p-near", "another customer is as near"),
    ):
        many.rows(
            "insert into crm.profiles (tenant_id, profile_id) values (%s, %s) returning 1", many.tenant.id, profile
        )
        many.rows(
            "insert into crm.match_reviews (tenant_id, profile_id, stable_hash_id, score, reason, profile, customer)"
            " values (%s, %s, 'invented', 0.7, %s, '{}', '{}') returning 1",
            many.tenant.id, profile, reason,
        )  # fmt: skip
    extra = [{**old[0], "profile_id": one, "crm_package_id": f"of {one}"} for one in ("p-name", "p-near", "p-other")]
    found = reasons(compared(many, [*old, *extra], tmp_path))
    assert found["only_production", "linked_by_name"] == 1
    assert found["only_production", "asked_about"] == 1
    assert found["only_production", "not_linked"] == 1


def test_who_was_not_read_yet_is_told_from_what_the_crm_does_not_show_any_more(many: Club, tmp_path: Path) -> None:
    """CMP-18: before the first sync a comparison says that, and nothing about the job."""
    mapped = many.link()
    old = old_rows(many, mapped, TODAY.isoformat())
    assert reasons(compared(many, old, tmp_path)) == {("only_production", "not_read"): len(old)}
    assert many.sync().finished
    sold_out = [*old, {**old[0], "crm_package_id": "sold out"}]
    assert reasons(compared(many, sold_out, tmp_path))["only_production", "not_in_crm"] == 1


def test_five_percent_are_not_under_five_percent(many: Club, tmp_path: Path) -> None:
    """CMP-05: strictly. A zero beside our nothing is a difference, nothing beside our value is none."""
    _, old = ready(many)
    old = old[: 20 * (len(old) // 20)]
    twentieth = len(old) // 20
    changed = [row | ({"package_name": "Other"} if at < twentieth else {}) for at, row in enumerate(old)]
    fields = {one.field: one for one in compared(many, changed, tmp_path).result.fields}
    assert fields["package_name"].rate == 5
    found = compared(many, changed, tmp_path)
    verdict = {one.field: one for one in found.verdicts}["package_name"]
    assert not verdict.passed
    assert "not under 5 %" in verdict.reasons[0]
    assert not found.passed
    unlimited = [row | {"total_hours": row["total_hours"] or "0"} for row in old]
    hours = {one.field: one for one in compared(many, unlimited, tmp_path).result.fields}["total_hours"]
    assert hours.overwriting == sum(1 for row in old if not row["total_hours"]) > 0
    unknown = [row | {"total_hours": ""} for row in old]
    hours = {one.field: one for one in compared(many, unknown, tmp_path).result.fields}["total_hours"]
    assert (hours.different, hours.overwriting) == (0, 0)


def test_results_are_kept_and_personal_values_masked(many: Club, tmp_path: Path) -> None:
    """CMP-03, CMP-08."""
    _, old = ready(many)
    compared(many, old, tmp_path)
    found = compared(many, [row | {"customer_name": "Canary Wren"} for row in old], tmp_path)
    (kept,) = newest(many.platform, many.tenant, "packages")
    assert (kept.id, kept.matched) == (found.result.id, len(old))
    assert kept.consistency == {"only_production": {}, "only_staging": {"expired_or_undated": found.result.historical}}
    assert [one["percent"] for one in history(many.platform, many.tenant, "packages", "customer_name")] == [0, 100]
    assert "Canary" not in str(many.rows("select pairs::text from platform.comparison_fields"))


def test_rows_that_only_name_the_customer_are_given_to_the_profile(many: Club, tmp_path: Path) -> None:
    """CMP-18, CRM-05: by the hash of today, and by that of before a renaming."""
    mapped, old = ready(many)
    renamed = old[0]["profile_id"]
    many.rows(
        "update crm.customer_mapping set previous_hashes = array['hash-of-before'] where profile_id = %s returning 1",
        renamed,
    )
    rows = [row | {"profile_id": ""} for row in old]
    rows = [
        row | ({"stable_hash_id": "hash-of-before"} if row["stable_hash_id"] == mapped[renamed] else {}) for row in rows
    ]
    stranger = {**rows[-1], "stable_hash_id": "0123456789abcdef", "crm_package_id": "unknown"}
    found = compared(many, [*rows, stranger], tmp_path)
    assert found.result.matched == len(old)
    assert reasons(found)["only_production", "not_linked"] == 1
    assert [one.keys for one in found.lonely if one.reason == "not_linked"] == [["customer 01234567/unknown"]]


def test_other_names_are_understood_and_what_cannot_be_read_is_told(many: Club, tmp_path: Path) -> None:
    """CMP-18: a column of another name, columns that nobody asked for, a row twice, values that are none."""
    _, old = ready(many)
    rows = [
        {"package_type_name" if name == "package_type" else name: value for name, value in row.items()} for row in old
    ]
    names = [*(name for name in rows[0] if name != "pax"), "updated_by"]
    broken = [rows[0] | {"crm_package_id": "b1", "expiration_date": "2026-13-45"}, rows[0] | {"crm_package_id": " "}]
    file = write_rows(tmp_path / "old.csv", [*rows, rows[0], *broken], names)
    source = OldSource(file=file, names={"package_type": "package_type_name"})
    found = compare_packages(many.platform, many.tenant, source, actor="test")
    assert (found.read.rows, found.read.twice, found.read.rejected) == (len(rows) + 3, 1, 2)
    assert found.read.missing == ("pax",)
    assert "pax" not in [one.field for one in found.verdicts]
    assert [error.column for error in found.read.errors] == ["expiration_date", "crm_package_id"]
    assert {one.field: one for one in found.result.fields}["package_type"].equal > 0
    assert not found.passed
    with pytest.raises(InvalidRequest, match="no column 'colour'"):
        compare_packages(many.platform, many.tenant, OldSource(file=file, names={"colour": "x"}), actor="test")


def test_the_table_of_the_job_is_read_where_its_rows_can_be_told_apart(
    many: Club, make_tenant: Callable[..., Tenant], database_url: str
) -> None:
    """CMP-18, TEN-03: what the role may not read, or whose rows nobody can tell, is refused with what to do."""
    _, old = ready(many)

    def compare() -> PackageComparison:
        return compare_packages(many.platform, many.tenant, OldSource(), actor="test")

    with pytest.raises(InvalidRequest, match="no table public"):
        compare()
    names = list(old[0])
    with connect(database_url) as owner:
        columns = ", ".join(f"{name} {_type_of(name)}" for name in names)
        owner.execute(f"create table public.crm_packages ({columns})".encode())
        values = ", ".join(["%s"] * len(names))
        owner.cursor().executemany(
            f"insert into public.crm_packages values ({values})".encode(),
            [[row[name] or None for name in names] for row in old],
        )
        with pytest.raises(Refused, match="grant select on public"):
            compare()
        owner.execute("grant select on public.crm_packages to sp_promoter")
        assert compare().passed
        other = make_tenant("birch-club")
        with pytest.raises(Refused, match="several tenants"):
            compare()
        owner.execute("alter table public.crm_packages add column tenant_id uuid")
        owner.execute("update public.crm_packages set tenant_id = %s", (many.tenant.id,))
        assert compare().result.matched == len(old)
        strangers = compare_packages(many.platform, other, OldSource(), actor="test")
        assert strangers.result.production_rows == 0


def _type_of(name: str) -> str:
    if name.endswith("_date"):
        return "date"
    if name in ("total_hours", "remaining_hours", "used_hours", "pax"):
        return "double precision"
    return "timestamptz" if name == "purchased_at" else "text"

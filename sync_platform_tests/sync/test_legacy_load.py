"""Old reports are loaded whole, once, into the right tenant, and what cannot be read is named (BLZ-10, SYS-12)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.field_map import field_map
from sync_platform.db.legacy import ReportStage, lock_loading, report_columns
from sync_platform.sandbox.decay import NO_DECAY
from sync_platform.sandbox.old_reports import old_report_rows, write_old_reports
from sync_platform.sandbox.report_source import source_of
from sync_platform.sandbox.shop import Shop
from sync_platform.sync import legacy
from sync_platform.sync.legacy import LegacyLoad, LineError, load_report
from sync_platform.sync.platform import Platform
from sync_platform.sync.report_file import ReportLine, read_report
from sync_platform.transforms.report_values import whole

HEADER = "member_id,name,phone,lifetime_value,total_visits,vip_status,last_visited\n"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


def stored(platform: Platform, tenant: Tenant, table: str = "customers") -> list[dict[str, Any]]:
    with platform.database.transaction(tenant.id) as conn:
        rows = conn.cursor(row_factory=dict_row)
        return rows.execute(f"select * from public.{table} order by 2, 3").fetchall()  # type: ignore[arg-type]


def fates(done: LegacyLoad) -> tuple[int, int, int, int, int]:
    """In the order of the identity, which holds for every load."""
    assert done.lines == done.inserted + done.already_there + done.duplicates + done.rejected
    return (done.lines, done.inserted, done.already_there, done.duplicates, done.rejected)


def test_values_are_stored_exactly_and_rows_are_marked_as_reported(
    platform: Platform, tenant: Tenant, report: Path
) -> None:
    """SYS-01, SYS-02, SYS-12; blank is nothing, and blanks inside a name stay."""
    report.write_text(HEADER + 'm1,"Ann  Lee",(555) 010-0123,"$1,234.56",12,Yes,11/05/2026 2:03 PM\nm2,,,(0.10),,,\n')
    done = load_report(platform, tenant, "customers", report)
    assert fates(done) == (2, 2, 0, 0, 0)
    assert done.zone_assumed == 1
    one, two = stored(platform, tenant)
    assert (one["name"], one["phone"], one["lifetime_value"]) == ("Ann  Lee", "(555) 010-0123", Decimal("1234.5600"))
    assert (one["total_visits"], one["vip_status"], one["origin"]) == (12, True, "report")
    assert one["last_visited"] == datetime(2026, 11, 5, 22, 3, tzinfo=UTC)
    assert (one["tenant_id"], one["email"], one["lifetime_value_old"]) == (tenant.id, None, None)
    assert [two[name] for name in ("name", "phone", "total_visits", "vip_status", "last_visited")] == [None] * 5
    assert two["lifetime_value"] == Decimal("-0.1000")


def test_a_second_load_inserts_nothing_and_changes_nothing(platform: Platform, tenant: Tenant, report: Path) -> None:
    """SYS-12: what is there is somebody's, even if the file says otherwise."""
    report.write_text("member_id,name\nm1,Ann\nm2,Ben\n")
    load_report(platform, tenant, "customers", report)
    before = stored(platform, tenant)
    assert fates(load_report(platform, tenant, "customers", report)) == (2, 0, 2, 0, 0)
    report.write_text("member_id,name\nm2,Benedict\nm3,Cleo\n")
    assert fates(load_report(platform, tenant, "customers", report)) == (2, 1, 1, 0, 0)
    after = stored(platform, tenant)
    assert after[:2] == before
    assert after[2]["name"] == "Cleo"


def test_two_tenants_never_mix(platform: Platform, tenant: Tenant, other_tenant: Tenant, report: Path) -> None:
    """TEN-04: the same keys in both."""
    report.write_text("member_id,name\nm1,Ann\n")
    load_report(platform, tenant, "customers", report)
    report.write_text("member_id,name\nm1,Other\nm2,Else\n")
    assert fates(load_report(platform, other_tenant, "customers", report)) == (2, 2, 0, 0, 0)
    assert [row["name"] for row in stored(platform, tenant)] == ["Ann"]
    assert [row["name"] for row in stored(platform, other_tenant)] == ["Other", "Else"]


def test_bad_lines_are_named_and_the_others_are_loaded(platform: Platform, tenant: Tenant, report: Path) -> None:
    """SYS-08: the line of the file, also behind a value of two lines; the column, the reason, nothing personal."""
    report.write_text(
        "member_id,name,phone,lifetime_value,last_visited\n"
        'm1,"Ann\nLee",1,1.00,2026-01-01\n'
        "m2,Ben,2,\"12,50\",2026-02-30\n"
        ",Cleo,3,1,\n"
        "m4,Dan,4,1\n"
        'm5,"Eve" Moe,5,1,\n'
        "\n"
        "m6,Finn,6,1,\n"
    )  # fmt: skip
    done = load_report(platform, tenant, "customers", report)
    assert fates(done) == (6, 2, 0, 0, 4)
    assert [(error.line, error.column, error.value) for error in done.errors] == [
        (4, "lifetime_value", "12,50"),
        (4, "last_visited", "2026-02-30"),
        (5, "member_id", ""),
        (6, None, None),
        (7, None, None),
    ]
    assert [error.reason.split(";")[0] for error in done.errors] == [
        "is not a number such as 1234.50 or $1,234.50",
        "is not a time such as 2026-11-05 14:03:22 (with or without zone) or 11/05/2026 2:03 PM",
        "member_id is blank",
        "has 4 values for 5 columns",
        "a quote inside a quoted value has to be doubled",
    ]
    assert [row["name"] for row in stored(platform, tenant)] == ["Ann\nLee", "Finn"]


def test_a_personal_value_is_masked_in_errors_and_samples(platform: Platform, tenant: Tenant, report: Path) -> None:
    """SEC-40. No personal column of the map can be wrong today, as all are texts; one that can is treated alike."""
    row, errors = legacy._row(ReportLine(7, ["Geheim"]), [("name", whole)], (), {"name"})
    assert (row, errors) == ([], [LineError(7, "name", "is not a number such as 1234.50 or $1,234.50", "G***(6)")])
    report.write_text("member_id,name,total_visits\nm1,Geheim,3\n")
    done = load_report(platform, tenant, "customers", report, dry_run=True)
    assert "Geheim" not in str(done)
    assert done.sample == [
        {"key": "m1", "fate": "inserted", "changes": {
            "name": {"before": None, "after": "G***(6)"}, "total_visits": {"before": None, "after": 3}}}
    ]  # fmt: skip


def test_errors_are_listed_up_to_a_hundred_and_all_counted(platform: Platform, tenant: Tenant, report: Path) -> None:
    """SYS-08."""
    report.write_text("member_id,total_visits\n" + "".join(f"m{n},x\n" for n in range(250)) + "ok,1\n")
    done = load_report(platform, tenant, "customers", report)
    assert fates(done) == (251, 1, 0, 0, 250)
    assert [error.line for error in done.errors] == list(range(2, 102))


def test_of_several_lines_with_one_key_the_last_good_one_counts(
    platform: Platform, tenant: Tenant, report: Path
) -> None:
    """The file's own order decides; a line that cannot be read replaces nothing."""
    report.write_text("member_id,name,total_visits\nm1,first,1\nm2,only,1\n m1 ,second,2\nm1,last,x\n")
    assert fates(load_report(platform, tenant, "customers", report)) == (4, 2, 0, 1, 1)
    assert [(row["name"], row["total_visits"]) for row in stored(platform, tenant)] == [("second", 2), ("only", 1)]


def test_a_dry_run_has_the_numbers_of_the_real_one_and_writes_nothing(
    platform: Platform, tenant: Tenant, report: Path
) -> None:
    """SYS-20."""
    report.write_text("member_id,name\nm1,Ann\n")
    load_report(platform, tenant, "customers", report)
    before = stored(platform, tenant)
    report.write_text(
        "member_id,name,total_visits\n" + "".join(f"m{n},N{n},{n}\n" for n in (1, *range(40), 5)) + "x,y,z\n"
    )
    dry = load_report(platform, tenant, "customers", report, dry_run=True)
    assert stored(platform, tenant) == before
    assert len(dry.sample) == 20
    assert "m1" not in [row["key"] for row in dry.sample]
    real = load_report(platform, tenant, "customers", report)
    assert fates(dry) == fates(real) == (43, 39, 1, 2, 1)
    assert dry.errors == real.errors
    assert real.sample == []


def test_a_load_that_fails_half_way_leaves_nothing(platform: Platform, tenant: Tenant, report: Path) -> None:
    """One transaction. The endless quote is behind 30,000 lines that were staged before."""
    report.write_text("member_id,name\n" + "".join(f"m{n},N\n" for n in range(30_000)) + 'q,"never closed\nr,S\n')
    with pytest.raises(InvalidRequest, match="line 30002 opens a quote"):
        load_report(platform, tenant, "customers", report)
    assert stored(platform, tenant) == []


def test_two_loads_into_one_table_do_not_wait_for_each_other(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, report: Path
) -> None:
    """CLI-01: the second is refused at once; a dry run, another table and another tenant are not."""
    report.write_text("member_id,name\nm1,Ann\n")
    with platform.database.transaction(tenant.id) as conn:
        lock_loading(conn, field_map()["customers"])
        with pytest.raises(Refused, match=r"loaded into public\.customers"):
            load_report(platform, tenant, "customers", report)
        assert load_report(platform, tenant, "customers", report, dry_run=True).inserted == 1
        assert load_report(platform, other_tenant, "customers", report).inserted == 1
    assert load_report(platform, tenant, "customers", report).inserted == 1


def test_a_large_file_is_read_in_pieces(
    platform: Platform, tenant: Tenant, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are taken one by one and sent 500 at a time; no more are ever held."""
    monkeypatch.setattr(legacy, "_LINES_AT_ONCE", 500)
    taken, sent = 0, 0
    add = ReportStage.add

    def reading(file: Any, *told: Any) -> Iterator[Any]:
        nonlocal taken
        lines = read_report(file, *told)
        assert isinstance(lines, Iterator)
        for line in lines:
            taken += 1
            assert taken - sent <= 500
            yield line

    def adding(stage: ReportStage, lines: list[bytes]) -> None:
        nonlocal sent
        add(stage, lines)
        sent += len(lines)

    monkeypatch.setattr(legacy, "read_report", reading)
    monkeypatch.setattr(ReportStage, "add", adding)
    report.write_text("member_id,name\n" + "".join(f"m{n},Name {n}\n" for n in range(20_000)))
    steps: list[tuple[int, int, int]] = []
    done = load_report(platform, tenant, "customers", report, on_progress=lambda *step: steps.append(step))
    assert fates(done) == (20_000, 20_000, 0, 0, 0)
    assert steps[-1] == (20_000, report.stat().st_size, report.stat().st_size)
    assert [lines for lines, _, _ in steps[:-1]] == list(range(500, 20_001, 500))
    assert all(0 < read <= size for _, read, size in steps)


@pytest.mark.parametrize("table", list(field_map()))
def test_every_table_of_an_exported_shop_is_loaded_as_it_was_written(
    platform: Platform, tenant: Tenant, shop: Shop, tmp_path: Path, table: str
) -> None:
    """BLZ-20 to BLZ-23: no line is rejected, and every column arrives."""
    paths = write_old_reports(source_of(shop), tmp_path)
    rows = old_report_rows(source_of(shop))[table]
    done = load_report(platform, tenant, table, paths[table])
    assert fates(done) == (len(rows), len(rows), 0, 0, 0)
    found = stored(platform, tenant, table)
    for column in report_columns(field_map()[table]):
        assert sum(row[column] is not None for row in found) == sum(row.get(column, "") != "" for row in rows), column


def test_an_export_without_decay_holds_the_right_texts(
    platform: Platform, tenant: Tenant, shop: Shop, tmp_path: Path
) -> None:
    """BLZ-20: through file and loader, letter by letter."""
    paths = write_old_reports(source_of(shop), tmp_path, decay=NO_DECAY)
    load_report(platform, tenant, "customers", paths["customers"])
    found = {row["member_id"]: row for row in stored(platform, tenant)}
    for member in shop.truth("members"):
        row = found[member["id"]]
        assert row["phone"] == (member["primaryPhone"] or member["cpn"] or None)
        assert row["email"] == (member["email"] or None)
        assert row["loyalty_points"] == Decimal(str(member["loyaltyPoints"]))
        at = member["lastVisitDate"]
        assert row["last_visited"] == (datetime.fromtimestamp(at // 1000, UTC) if at else None)

"""Dropped files: taken once and complete, or left alone; put away with a report (CSV-18, F-57)."""

from datetime import timedelta
from pathlib import Path

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sync.drop_folder import handle_claims, purge_put_away, top_of
from sync_platform.sync.drop_sightings import Sightings
from sync_platform.sync.imports import cancel_import
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.dropping import Dropping, dropping_into, local_folder, memory_folder
from sync_platform_tests.sync.importing import in_ledger, purchase_file

GOOD = purchase_file(50)
BAD = purchase_file(50, errors={7: "sku_unknown"})


@pytest.fixture(params=["local", "memory"])
def dropping(request, tmp_path: Path, platform: Platform, tenant: Tenant, clock: TestClock) -> Dropping:
    place = local_folder(tmp_path / "drop") if request.param == "local" else memory_folder()
    return dropping_into(place, platform, tenant, clock)


def test_a_file_that_did_not_change_for_ten_seconds_is_imported_and_archived(dropping: Dropping):
    """CSV-18."""
    dropping.drop("march.csv", GOOD)
    assert dropping.look().taken == 0
    assert dropping.look(later=9).taken == 0
    assert dropping.look(later=1).taken == 1
    [result], [away] = dropping.work()
    assert (result.batch.state, result.batch.file_name, result.batch.rows) == ("completed", "march.csv", 50)
    assert in_ledger(dropping.platform.database, dropping.tenant)[1] == 50
    assert (away.place, dropping.names(), dropping.names("taken")) == ("archive", [], [])
    assert dropping.names("archive") == [away.name, f"{away.name}.report.json"]
    report = dropping.report(away)
    assert (report["file"], report["state"], report["items"]) == ("march.csv", "completed", 50)
    with dropping.storage.open(dropping.tenant.slug, "archive", away.name) as kept:
        assert kept.read() == GOOD


def test_a_companion_says_that_a_file_is_complete(dropping: Dropping):
    """CSV-18: it goes with the file; one without a file is left alone."""
    dropping.drop("march.csv", GOOD)
    dropping.drop("march.csv.done", b"")
    dropping.drop("april.csv.done", b"")
    assert dropping.look().taken == 1
    assert dropping.names() == ["april.csv.done"]
    assert [result.batch.state for result in dropping.work()[0]] == ["completed"]


def test_a_growing_file_is_left_alone_until_it_is_complete(dropping: Dropping):
    """F-57."""
    for size in range(100, len(GOOD), 800):
        dropping.drop("march.csv", GOOD[:size])
        assert dropping.look(later=9).taken == 0
    dropping.drop("march.csv", GOOD)
    assert [dropping.look(later=9).taken, dropping.look(later=10).taken] == [0, 1]
    assert dropping.work()[0][0].batch.rows == 50


def test_a_rejected_file_lies_beside_its_report_and_the_lines_to_correct(dropping: Dropping):
    """CSV-12, CSV-18: nothing of it is in the ledger."""
    dropping.drop("march.csv.done", b"")
    dropping.drop("march.csv", BAD)
    dropping.look()
    [result], [away] = dropping.work()
    assert (result.batch.state, away.place) == ("failed", "rejected")
    assert in_ledger(dropping.platform.database, dropping.tenant) == (0, 0, 0)
    report = dropping.report(away)
    assert report["errors_by_code"] == {"sku_unknown": 1}
    assert [error["line"] for error in report["listed_errors"]] == [7]
    with dropping.storage.open(dropping.tenant.slug, "rejected", f"{away.name}.errors.csv") as lines:
        assert b"sku_unknown" in lines.read()


@pytest.mark.parametrize(
    ("content", "code"), [(b"PK\x03\x04" + b"\0" * 100, "not_text"), (b"x" * 2**21, "upload_too_large")]
)
def test_what_is_no_purchase_file_is_rejected_without_an_import(
    dropping: Dropping, make_platform: MakePlatform, content: bytes, code: str
):
    """CSV-14, CSV-15."""
    dropping.platform = make_platform(imports={"max_upload_mib": 1})
    dropping.drop("march.csv", content)
    dropping.look()
    dropping.look(later=10)
    results, [away] = dropping.work()
    assert (results, away.batch, away.place, dropping.report(away)["code"]) == ([], None, "rejected", code)


def test_the_same_file_again_is_archived_as_the_import_that_it_had(dropping: Dropping):
    """F-56: also under another name."""
    for name in ("march.csv", "copy of march.csv"):
        dropping.drop(f"{name}.done", b"")
        dropping.drop(name, GOOD)
        dropping.look()
        [away] = dropping.work()[1]
    assert (away.batch, dropping.report(away)["imported_before"]) == (1, True)
    assert in_ledger(dropping.platform.database, dropping.tenant)[1] == 50


def test_more_files_than_may_wait_at_once_are_all_imported(dropping: Dropping, make_platform: MakePlatform):
    """CSV-14."""
    dropping.platform = make_platform(imports={"max_open_batches": 2})
    for number in range(5):
        dropping.drop(f"{number}.csv", purchase_file(5, first_number=100 * number))
    dropping.look()
    assert dropping.look(later=10).taken == 5
    results, away = dropping.work()
    assert [result.batch.state for result in results] == ["completed"] * 5
    assert sorted(one.file_name for one in away) == [f"{number}.csv" for number in range(5)]


def test_a_cancelled_import_is_put_among_the_rejected(dropping: Dropping):
    """CSV-03, CSV-18."""
    dropping.drop("march.csv.done", b"")
    dropping.drop("march.csv", GOOD)
    dropping.look()
    assert handle_claims(dropping.platform, dropping.storage, dropping.tenant) == []
    cancel_import(dropping.platform, dropping.tenant, 1)
    [away] = dropping.work()[1]
    assert (away.place, dropping.report(away)["state"]) == ("rejected", "cancelled")


def test_folders_of_unknown_tenants_are_told_and_not_touched(dropping: Dropping):
    """CSV-18."""
    dropping.fs.pipe_file(f"{dropping.root}/nobody/march.csv", GOOD)
    dropping.fs.pipe_file(f"{dropping.root}/stray.csv", GOOD)
    dropping.drop("march.csv", GOOD)
    top = top_of(dropping.storage, [dropping.tenant])
    assert (top.folders, top.strangers) == (frozenset({dropping.tenant.slug}), ("nobody", "stray.csv"))
    assert dropping.fs.cat_file(f"{dropping.root}/nobody/march.csv") == GOOD


def test_a_folder_that_is_not_there_is_nothing(dropping: Dropping):
    """CSV-18: nobody has dropped anything yet."""
    assert dropping.look().refused == ()
    assert dropping.work() == ([], [])


def test_what_was_put_away_is_removed_after_thirty_days(dropping: Dropping, clock: TestClock):
    """CSV-20: what others put there stays."""
    for name, content in (("march.csv", GOOD), ("april.csv", BAD)):
        dropping.drop(f"{name}.done", b"")
        dropping.drop(name, content)
        dropping.look()
        dropping.work()
    dropping.fs.pipe_file(f"{dropping.folder}/archive/ours.txt", b"")
    clock.now += timedelta(days=29)
    assert purge_put_away(dropping.platform, dropping.storage, dropping.tenant) == 0
    clock.now += timedelta(days=2)
    assert purge_put_away(dropping.platform, dropping.storage, dropping.tenant) == 5
    assert (dropping.names("archive"), dropping.names("rejected")) == (["ours.txt"], [])


def test_what_was_seen_is_remembered_as_text(dropping: Dropping):
    """CSV-18: a lost or foreign memory only waits once more."""
    dropping.drop("march.csv", GOOD)
    dropping.look()
    dropping.sightings = Sightings.from_text(dropping.sightings.text())
    assert dropping.look(later=10).taken == 1
    for lost in (None, "", "{", '{"files": 3}'):
        assert Sightings.from_text(lost).files == {}

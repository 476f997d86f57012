"""Stored files of imports: whose they are, what is refused before it is stored, when they go (CSV-14 to CSV-16, 20)."""

import gzip
import io
import os
import stat
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.db.import_batches import find_batch, list_batches
from sync_platform.sync.import_files import ImportFiles
from sync_platform.sync.import_options import Reading
from sync_platform.sync.import_queue import Purged, purge_imports, run_waiting
from sync_platform.sync.imports import submit_file
from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform_tests.sync.importing import OPTIONS, do_import, load_references, purchase_file, submit

NAMES = ["../../etc/passwd", "a\x00b", "x" * 4000, "\u202egnp.csv", "CON", "a/b\\c.csv", "-rf", "$(id)"]


class Endless(io.RawIOBase):
    """A stream that does not end, and counts what was taken."""

    taken = 0

    def read(self, size=-1):
        self.taken += size
        return b"x" * size


@pytest.fixture(autouse=True)
def references(database, tenant):
    load_references(database, tenant)


@pytest.fixture
def folder(platform):
    return platform.settings.data_dir / "imports"


def test_a_stored_file_is_closed_to_others_and_has_a_name_that_says_nothing(platform, tenant, folder):
    """CSV-16, F-53: what its sender calls it is text."""
    for number, name in enumerate(NAMES):
        batch = submit(platform, tenant, purchase_file(2, seed=number), replace(OPTIONS, file_name=name))
        assert batch.file_name in (name[:500], name.replace("\x00", "\ufffd"))
        assert batch.stored_as in os.listdir(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()} == {0o600}
    assert all(len(entry.name) == 32 and entry.name.isalnum() for entry in folder.iterdir())


def test_no_name_of_the_database_leads_out_of_the_folder(platform):
    """F-53, TEN-10."""
    for name in ("../secret", "/etc/passwd", "a" * 31, "a" * 32 + "\n"):
        with pytest.raises(FileNotFoundError):
            ImportFiles(platform.settings).open(name)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"PK\x03\x04" + b"\x00" * 600, 415),
        (gzip.compress(gzip.compress(b"a,b\n")), 415),
        (gzip.compress(b"\x7fELF" + b"\x00" * 600), 415),
        (b"\x1f\x8b\x08\x00damaged", 415),
        (b"x" * (1024 * 1024 + 1), 413),
    ],
    ids=["zip", "gz.gz", "elf.gz", "damaged", "too large"],  # packed bytes hold the time: no name for a test
)
def test_what_is_too_large_or_no_text_leaves_nothing(make_platform, tenant, folder, content, status):
    """CSV-14, CSV-15, F-50, F-51: by its content, whatever its name."""
    platform = make_platform(imports={"max_upload_mib": 1})
    with pytest.raises(PurchaseFileRefused) as refused:
        submit(platform, tenant, content)
    assert refused.value.status == status
    assert list(folder.iterdir()) == []
    assert list_batches(platform.database, tenant.id) == []


def test_a_workbook_that_is_called_csv_is_refused(platform, tenant, folder):
    """F-51."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("march.csv", purchase_file(5))
    with pytest.raises(PurchaseFileRefused, match="ZIP"):
        submit(platform, tenant, out.getvalue())


def test_a_stream_without_end_is_not_read_to_its_end(make_platform, tenant, folder):
    """F-50."""
    platform, stream = make_platform(imports={"max_upload_mib": 2}), Endless()
    with pytest.raises(PurchaseFileRefused, match="larger than allowed"):
        submit_file(platform, tenant, stream, OPTIONS)
    assert stream.taken < 3 * 1024 * 1024
    assert list(folder.iterdir()) == []


def test_a_file_that_unpacks_to_too_much_fails(make_platform, tenant):
    """CSV-14, F-51."""
    platform = make_platform(imports={"max_unpacked_mib": 1})
    packed = gzip.compress(purchase_file(10) + b"\n" * (2 * 1024 * 1024))
    batch = do_import(platform, tenant, packed).batch
    assert batch.error_summary == {"unpacked_too_large": 1}


def test_files_go_after_success_and_a_day_after_failure(platform, tenant, folder, clock):
    """CSV-16, CSV-20: then the errors, and the header stays."""
    assert do_import(platform, tenant, purchase_file(10)).batch.stored_as is None
    failed = do_import(platform, tenant, purchase_file(10, errors={3: "not_a_date"})).batch
    waits = submit(platform, tenant, purchase_file(10, first_number=100))
    assert set(os.listdir(folder)) == {failed.stored_as, waits.stored_as}
    real_now = find_batch(platform.database, tenant.id, failed.id).finished_at
    clock.now = real_now + timedelta(hours=23)
    assert purge_imports(platform) == Purged(0, 0, 0)
    clock.now = real_now + timedelta(hours=25)
    assert purge_imports(platform) == Purged(1, 0, 0)
    assert os.listdir(folder) == [waits.stored_as]
    clock.now = real_now + timedelta(days=31)
    assert purge_imports(platform) == Purged(0, failed.errors, 0)
    header = find_batch(platform.database, tenant.id, failed.id)
    assert (header.stored_as, header.errors, header.purged_at) == (None, failed.errors, clock.now)
    assert [result.batch.state for result in run_waiting(platform, tenant)] == ["completed"]


def test_what_a_dead_process_left_is_removed(platform, tenant, folder, clock):
    """CSV-16: a file without a batch, and one whose batch has ended before it was removed."""
    batch = submit(platform, tenant, purchase_file(10))
    unknown = ImportFiles(platform.settings).store(io.BytesIO(b"x"), 10)
    clock.now += timedelta(days=3650)  # the files are of today
    assert purge_imports(platform) == Purged(0, 0, 1)
    assert unknown.name not in os.listdir(folder)
    run_waiting(platform, tenant)
    assert os.listdir(folder) == []
    assert find_batch(platform.database, tenant.id, batch.id).state == "completed"


def test_an_import_whose_file_is_gone_fails_and_says_so(platform, tenant, folder):
    """CSV-12."""
    submit(platform, tenant, purchase_file(10))
    for entry in folder.iterdir():
        entry.unlink()
    [result] = run_waiting(platform, tenant)
    assert (result.batch.state, result.batch.problem) == (
        "failed",
        "the stored file of this import is gone; import the file again",
    )


def test_a_mapping_to_a_column_that_does_not_exist_is_refused(platform, tenant, folder):
    """CSV-05."""
    with pytest.raises(InvalidRequest, match="cannot be mapped to colour"):
        submit(platform, tenant, b"", replace(OPTIONS, reading=Reading(mapping={"Farbe": "colour"})))
    assert not folder.exists()

"""Purchase files over HTTP: who may bring them, and what is taken (CSV-14, CSV-15, CSV-30)."""

import gzip
import json

import pytest

from sync_platform.db.import_batches import find_batch
from sync_platform_tests.api.bringing import ALL, Importer
from sync_platform_tests.api.conftest import MakePerson, MakeService, ProblemOf, Service, Token
from sync_platform_tests.sync.importing import in_ledger, load_references, purchase_file, small


@pytest.fixture
def importer(service: Service, token: Token) -> Importer:
    load_references(service.platform.database, service.tenant)
    return Importer(service, token(*ALL))


def test_a_file_is_taken_worked_on_and_shown(importer: Importer) -> None:
    """CSV-30, CSV-31: 202 before the work, the ledger after it."""
    answer = importer.send(purchase_file(30), batch_name="March", mode="update")
    assert answer.status_code == 202
    taken = answer.json()
    assert taken == {
        "batch_id": taken["batch_id"],
        "state": "pending",
        "new": True,
        "status_url": f"/api/import/status/{taken['batch_id']}",
    }
    assert answer.headers["location"] == taken["status_url"]
    importer.work()
    status = importer.service.client.get(taken["status_url"], headers=importer.headers).json()
    assert (status["state"], status["rows"], status["errors"]) == ("completed", 30, [])
    assert (status["batch_name"], status["file_name"], status["mode"]) == ("March", "march.csv", "update")
    assert status["uploader"].startswith("token:")
    assert status["finished_at"] is not None
    assert in_ledger(importer.service.platform.database, importer.service.tenant)[1] == 30
    assert importer.stored() == 0


def test_all_options_of_the_command_are_there(importer: Importer) -> None:
    """CSV-05, CSV-30: names of its own, decimal comma, days first, and nothing kept."""
    lines = "Beleg;Tag;Kunde;Artikel;Menge;Preis\nT-1;14.03.2026;user-1;sku-1;-2;7,50\n"
    mapping = {
        "Beleg": "transaction_number", "Tag": "transaction_date", "Kunde": "user_id", "Artikel": "sku_id",
        "Menge": "quantity", "Preis": "unit_price",
    }  # fmt: skip
    options = {
        "dates": "day_first",
        "decimals": "comma",
        "separator": ";",
        "encoding": "utf-8",
        "allow_returns": "true",
    }
    taken = importer.send(lines.encode(), mapping=json.dumps(mapping), dry_run="true", **options).json()
    importer.work()
    status = importer.get(f"status/{taken['batch_id']}").json()
    assert (status["state"], status["dry_run"], status["purchases"]) == ("completed", True, 1), status
    assert in_ledger(importer.service.platform.database, importer.service.tenant) == (0, 0, 0)


def test_the_same_file_is_the_import_that_it_has(importer: Importer) -> None:
    """CSV-30: also when it is done; with force it is another one."""
    first = importer.send(small(1)).json()
    assert importer.send(small(1), file_name="other.csv").json() == first | {"new": False}
    importer.work()
    again = importer.send(small(1)).json()
    assert again == first | {"new": False, "state": "completed"}
    forced = importer.send(small(1), force="true", mode="skip_existing").json()
    assert forced["new"]
    assert forced["batch_id"] != first["batch_id"]


def test_a_key_makes_a_repeated_upload_one_upload(importer: Importer, problem: ProblemOf) -> None:
    """API-05, CSV-30: boundaries differ from try to try, and do not matter; another file or option does."""
    key = {"Idempotency-Key": "march-1"}
    first = importer.send(small(1), key)
    importer.work()
    again = importer.send(small(1), key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    problem(importer.send(small(2), key), 422, "key-reused")
    problem(importer.send(small(1), key, dry_run="true"), 422, "key-reused")
    assert importer.stored() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "replace"},
        {"dry_run": "perhaps"},
        {"surprise": "1"},
        {"batch_name": "n" * 201},
        {"mapping": "{"},
        {"mapping": "[" * 5000},
        {"mapping": '{"a": 1}'},
        {"mapping": '{"Menge": "amount"}'},
        {"separator": "x"},
    ],
)
def test_wrong_options_are_named_and_leave_no_file(
    importer: Importer, problem: ProblemOf, fields: dict[str, str]
) -> None:
    """API-02, API-06."""
    [name] = fields
    body = problem(importer.send(small(1), **fields), 422, "invalid-request")
    assert [error["where"] for error in body["errors"]] == [f"body/{name}"]
    assert importer.stored() == 0


def test_a_file_that_is_too_large_is_refused_and_audited(
    make_service: MakeService, token: Token, problem: ProblemOf
) -> None:
    """CSV-14, SEC-31: 1 MiB and one byte, packed or not."""
    importer = Importer(make_service(imports={"max_upload_mib": 1}), token(*ALL))
    problem(importer.send(b"x" * (2**20 + 1)), 413)
    assert importer.stored() == 0
    assert importer.audited()[0] == "request.too_large"


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04rest",
        b"a,b\n1,\x00\n",
        gzip.compress(b"PK\x03\x04rest", mtime=0),
        b"%PDF-1.7",
        b"<html><body>",
        b"\x1f\x8bcut",
    ],
)
def test_content_decides_whatever_the_name_says(importer: Importer, problem: ProblemOf, content: bytes) -> None:
    """CSV-15, F-51: refused at once, or by the import where it is further in."""
    answer = importer.send(content)
    if answer.status_code == 202:
        importer.work()
        status = importer.get(f"status/{answer.json()['batch_id']}").json()
        assert status["state"] == "failed"
        assert status["error_summary"].keys() <= {"nul_bytes", "damaged_gzip"}
    else:
        problem(answer, 415)
        assert importer.stored() == 0


def test_more_than_ten_open_imports_are_refused(importer: Importer, problem: ProblemOf) -> None:
    """CSV-14."""
    for number in range(10):
        assert importer.send(small(number)).status_code == 202
    problem(importer.send(small(11)), 409)
    assert importer.stored() == 10


@pytest.mark.parametrize(
    ("role", "may"), [("tenant_admin", True), ("clinic_staff", False), ("viewer", False), ("investor", False)]
)
def test_only_some_may_bring_files(
    importer: Importer, person: MakePerson, problem: ProblemOf, role: str, may: bool
) -> None:
    """CSV-30, TEN-22: and nothing is read of what the others send."""
    somebody = Importer(importer.service, person(role).headers | {"X-Tenant": importer.service.tenant.slug})
    answer = somebody.send(small(1))
    if may:
        assert answer.status_code == 202
        [batch] = importer.get("list").json()["items"]
        assert batch["uploader"].startswith("user:")
    else:
        problem(answer, 403, "not-permitted")
        assert importer.stored() == 0


@pytest.mark.parametrize("name", ["../../etc/x", "n" * 4000, "\u202egpj.csv", "a\udcffb", "CON", "=cmd()"])
def test_a_name_is_stored_as_text(importer: Importer, name: str) -> None:
    """F-53."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode("utf-8", "surrogateescape")
        + b'"\r\n\r\n' + small(1) + b"\r\n--b--\r\n"
    )  # fmt: skip
    headers = importer.headers | {"content-type": "multipart/form-data; boundary=b"}
    batch = importer.service.client.post("/api/import/purchases", content=body, headers=headers).json()["batch_id"]
    stored = find_batch(importer.service.platform.database, importer.service.tenant.id, batch)
    assert stored.file_name == name.encode("utf-8", "surrogateescape").decode(errors="replace")[:500]
    assert stored.stored_as is not None
    assert stored.stored_as.isalnum()
    importer.work()
    assert importer.get(f"status/{batch}").json()["state"] == "completed"

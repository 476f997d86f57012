"""What became of purchase files, for those whose they are (CSV-20, CSV-31 to CSV-33, SEC-41)."""

import csv
import io

import pytest
from httpx import Response

from sync_platform.core.purchase_fields import FIELDS
from sync_platform.sync.import_queue import purge_imports
from sync_platform_tests.api.bringing import ALL, Importer
from sync_platform_tests.api.conftest import MakePerson, ProblemOf, Service, Token
from sync_platform_tests.sync.importing import in_ledger, load_references, small, text_file


@pytest.fixture
def importer(service: Service, token: Token) -> Importer:
    load_references(service.platform.database, service.tenant)
    return Importer(service, token(*ALL))


def test_an_import_is_nobody_elses(importer: Importer, token: Token, problem: ProblemOf) -> None:
    """CSV-31, CSV-33: the ids of others are as unknown as those that are none."""
    batch = importer.send(small(1)).json()["batch_id"]
    foreign = Importer(importer.service, token(*ALL, tenant=importer.service.other_tenant))
    for number in (batch, 10**15):
        body = problem(foreign.get(f"status/{number}"), 404)
        problem(foreign.get(f"{number}/errors.csv"), 404)
        cancel = foreign.service.client.post(f"/api/import/{number}/cancel", headers=foreign.headers)
        problem(cancel, 404)
        assert body["detail"] == "there is no such import"
    assert foreign.get("list").json() == {"items": [], "next_cursor": None}
    assert importer.get(f"status/{batch}").json()["state"] == "pending"


def test_imports_are_listed_newest_first_page_by_page(importer: Importer, problem: ProblemOf) -> None:
    """CSV-32, API-07."""
    ids = [importer.send(small(number)).json()["batch_id"] for number in range(5)]
    importer.service.client.post(f"/api/import/{ids[2]}/cancel", headers=importer.headers)
    seen, cursor = [], None
    while True:
        page = importer.get("list", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [item["batch_id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ids[::-1]
    assert [item["batch_id"] for item in importer.get("list", state="cancelled").json()["items"]] == [ids[2]]
    problem(importer.get("list", limit=201), 422)
    problem(importer.get("list", cursor="bm9uc2Vuc2U"), 422)


def test_a_merchant_is_the_callers_own_or_unknown(importer: Importer, problem: ProblemOf) -> None:
    """CSV-32."""
    importer.send(small(1))
    own, other = importer.service.tenant, importer.service.other_tenant
    for name in (own.slug, str(own.id)):
        assert len(importer.get(f"list/{name}").json()["items"]) == 1
    for name in (other.slug, str(other.id), "nobody"):
        assert problem(importer.get(f"list/{name}"), 404)["detail"] == "there is no such merchant"


def test_an_import_can_be_cancelled_until_it_has_ended(importer: Importer, problem: ProblemOf) -> None:
    """CSV-33: nothing of it is written, and its file is gone."""
    batch = importer.send(small(1)).json()["batch_id"]
    url = f"/api/import/{batch}/cancel"
    answer = importer.service.client.post(url, headers=importer.headers)
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert importer.stored() == 0
    problem(importer.service.client.post(url, headers=importer.headers), 409)
    importer.work()
    assert in_ledger(importer.service.platform.database, importer.service.tenant) == (0, 0, 0)


def test_the_first_hundred_errors_are_shown_without_cells(importer: Importer) -> None:
    """CSV-31: all of them are counted."""
    lines = [f"T-{n},2026-03-14,stranger-{n},sku-1,2,7.50" for n in range(150)]
    batch = importer.send(text_file(*lines)).json()["batch_id"]
    importer.work()
    answer = importer.get(f"status/{batch}")
    status = answer.json()
    assert (status["state"], status["error_count"], len(status["errors"])) == ("failed", 150, 100)
    assert status["error_summary"] == {"user_unknown": 150}
    assert status["errors"][0]["line"] == 2
    assert "stranger" not in answer.text


def rows(answer: Response) -> list[list[str]]:
    """Of a CSV answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="import-')
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_errors_are_a_file_that_can_be_corrected_and_imported(importer: Importer, problem: ProblemOf) -> None:
    """CSV-12, CSV-33: the round trip of a person with a spreadsheet."""
    content = text_file("T-1,2026-03-14,user-1,sku-1,2,7.50", "T-2,2026-03-14,user-1,sku-1,two,7.50")
    batch = importer.send(content).json()["batch_id"]
    problem(importer.get(f"{batch}/errors.csv"), 409)
    importer.work()
    wrong = rows(importer.get(f"{batch}/errors.csv"))
    assert [line[2] for line in wrong[1:]] == ["T-2"]
    answer = importer.get(f"{batch}/errors.csv", whole=True)
    assert [line[2] for line in rows(answer)[1:]] == ["T-1", "T-2"]
    corrected = importer.send(answer.content.replace(b'"two"', b'"2"')).json()["batch_id"]
    importer.work()
    assert importer.get(f"status/{corrected}").json()["state"] == "completed"
    assert len(rows(importer.get(f"{corrected}/errors.csv"))) == 1


FORMULAS = ("=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "'=1", " =1", "\uff1d1", "a;=1")


def test_no_cell_of_an_export_is_run_by_a_spreadsheet(importer: Importer) -> None:
    """SEC-41, F-54: 200 poisoned cells, in values, in names of columns and behind other separators."""
    poison = [f"{formula}{number}" for number in range(20) for formula in FORMULAS]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*FIELDS[:6], "=cmd()"])
    for number, cell in enumerate(poison):
        writer.writerow([f"T-{number}", "2026-03-14", "user-1", "sku-1", "no number", "7.50", cell])
    batch = importer.send(out.getvalue().encode()).json()["batch_id"]
    importer.work()
    found = rows(importer.get(f"{batch}/errors.csv"))
    assert len(found) == 201
    assert "=cmd()" not in found[0]
    for line in found:
        for cell in line:
            assert not cell.lstrip(" \u3000").startswith(("=", "+", "-", "@", "\t", "\r", "\x00", "\uff1d")), cell
            assert ";=" not in cell


def test_lines_of_files_are_for_those_who_may_see_personal_data(
    importer: Importer, person: MakePerson, problem: ProblemOf
) -> None:
    """SEC-40: a viewer sees that a line is wrong, and not what it says."""
    batch = importer.send(text_file("T-1,2026-03-14,stranger,sku-1,2,7.50")).json()["batch_id"]
    importer.work()
    client, viewer = importer.service.client, person("viewer").headers
    assert client.get(f"/api/import/status/{batch}", headers=viewer).json()["error_count"] == 1
    problem(client.get(f"/api/import/{batch}/errors.csv", headers=viewer), 403, "not-permitted")
    assert rows(client.get(f"/api/import/{batch}/errors.csv", headers=person("clinic_staff").headers))


def test_errors_that_were_purged_are_gone(importer: Importer, problem: ProblemOf) -> None:
    """CSV-20."""
    batch = importer.send(text_file("T-1,2026-03-14,stranger,sku-1,2,7.50")).json()["batch_id"]
    importer.work()
    importer.service.clock.forward(days=31)
    purge_imports(importer.service.platform)
    problem(importer.get(f"{batch}/errors.csv"), 410)
    assert importer.get(f"status/{batch}").json()["error_count"] == 1


def test_the_template_names_all_columns(importer: Importer) -> None:
    """CSV-33."""
    answer = importer.get("template.csv")
    assert answer.text == ",".join(FIELDS) + "\r\n"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"

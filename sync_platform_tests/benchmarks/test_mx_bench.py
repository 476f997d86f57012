"""The bench of MX Merchant measures what it says: so many calls, so many statements, so many rows."""

import psycopg
import pytest

from benchmarks.clinics import Shape, served
from benchmarks.mx_merchant import OF_A_CALL, TABLES, calls_of, one_after_another, opened, r_squared, synced
from benchmarks.server_state import row_counts
from benchmarks.stage import Stage
from benchmarks.statements import Statements, counted
from sync_platform.db.connect import libpq_url

SMALL = Shape(30, 12)


def counts(statements: Statements) -> dict[str, int]:
    return dict(statements.by_kind)


def kind(text: bytes) -> str:
    return "marked" if b"marked" in text else "other"


@pytest.mark.parametrize(
    ("statement", "number"),
    [("select 1", 1), ("begin; select 1; select 2; commit", 4), ("do $$ begin perform 1; perform 2; end $$", 1)],
)
def test_each_statement_counts_once_however_many_travel_together(
    database_url: str, statement: str, number: int
) -> None:
    """PERF-04: as the server tells them, transaction control included."""
    with counted(database_url, kind) as (url, statements):
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            connection.execute(statement)
        assert counts(statements) == {"other": number}


def test_a_whole_transaction_is_of_the_kind_of_any_of_its_texts(database_url: str) -> None:
    """PERF-04: what tidies the connection up belongs to what came before."""
    with counted(database_url, kind) as (url, statements):
        with psycopg.connect(libpq_url(url)) as connection:
            connection.execute("select 1")
            connection.execute("select %s as marked", (1,))
            connection.commit()
            connection.autocommit = True
            connection.execute("discard all")
            connection.execute("select 2")
        assert counts(statements) == {"marked": 5, "other": 1}


def test_a_copy_of_many_rows_is_one_statement_and_arrives_whole(database_url: str) -> None:
    """PERF-04: messages may be cut anywhere on their way."""
    with counted(database_url, kind) as (url, statements):
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            connection.execute("create temporary table staged (text text)")
            with connection.cursor().copy("copy staged from stdin") as copy:
                for number in range(30_000):
                    copy.write(f"{number:040}\n")
            row = connection.execute("select count(*), max(text)::integer from staged").fetchone()
        assert row == (30_000, 29_999)
        assert counts(statements) == {"other": 3}


def test_a_run_has_the_calls_and_the_rows_of_its_shape(stage: Stage, database_url: str) -> None:
    """MX-08, PERF-04, PERF-05: and the calls again, one after another, are the same ones."""
    with served(stage, [SMALL]) as clinics:
        tenant = clinics.tenant(stage, database_url, SMALL, "small")
        clinics.asked()
        with counted(database_url, lambda text: str(any(name in text for name in OF_A_CALL))) as (url, statements):
            with opened(stage, url) as platform:
                assert synced(platform, clinics, tenant, SMALL) > 0
                asked = clinics.asked()
                assert one_after_another(platform, tenant, asked) > 0
            again = clinics.asked()
        assert len(asked) == calls_of(SMALL) == 14
        assert {entry["status"] for entry in again} == {200}
        assert [(e["path"], e["query"]) for e in again] == [(e["path"], e["query"]) for e in asked]
        links = clinics.links(SMALL)
    rows = row_counts(database_url, "mx_merchant", TABLES)
    assert (rows["payments"], rows["invoices"]) == (SMALL.payments, SMALL.invoices)
    with psycopg.connect(libpq_url(database_url)) as connection:
        found = connection.execute("select payment_id, invoice_id from mx_merchant.payments where has_invoice")
        assert dict(found.fetchall()) == links
    assert min(counts(statements).values()) > len(asked)


def test_a_latency_is_felt_by_every_call(stage: Stage, database_url: str) -> None:
    """PERF-05: one after another, they take at least so long."""
    with served(stage, [SMALL]) as clinics:
        tenant = clinics.tenant(stage, database_url, SMALL, "late")
        with opened(stage, database_url) as platform:
            synced(platform, clinics, tenant, SMALL)
            clinics.delay(0.01)
            entries = [entry for entry in clinics.asked() if entry["endpoint"] == "/invoice"]
            one_after_another(platform, tenant, entries)
        assert [entry["faults"] for entry in clinics.asked()] == [["latency"]] * len(entries)
        assert len(entries) == 1


def test_a_straight_line_explains_itself_and_steps_less() -> None:
    """PERF-05."""
    assert r_squared([10, 20, 30, 40], [1.0, 2.0, 3.0, 4.0]) == pytest.approx(1)
    assert r_squared([10, 20, 30, 40], [1.0, 4.0, 1.0, 4.0]) < 0.5

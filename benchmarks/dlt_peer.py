"""The same work by dlt: its rest_api source, merge by primary key, loaded through COPY of CSV.

``python -m benchmarks.dlt_peer`` reads its arguments as JSON from standard input. It runs in an environment of its own
(requirements-bench.lock) and imports nothing of the platform. Tuned in good faith; what was tried is in
docs/decisions/0010-dlt-as-the-peer.md.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.rows import Record, customer, lines, product, transaction

SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "WARNING",
    "EXTRACT__WORKERS": "2",
    # files of this many rows, so that both cores have something to normalise and to load
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "50000",
    "SOURCES__DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "NORMALIZE__WORKERS": "2",
    "NORMALIZE__START_METHOD": "fork",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "NORMALIZE__DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "LOAD__WORKERS": "2",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
}
PREFIX = "/api/v1/partner"
PAGE, WEEK = 100, timedelta(days=7)
Map = Callable[[Record], Record]


def main() -> None:
    """Load everything of one shop, or load it again."""
    asked = json.load(sys.stdin)
    os.environ |= SETTINGS
    import dlt

    pipeline = dlt.pipeline(
        "blaze",
        # dlt insists on a host and a password; libpq takes the socket from the query, which trusts its user
        destination=dlt.destinations.postgres(asked["database_url"].replace("@/", ":sandbox@localhost/")),
        dataset_name="peer",
        pipelines_dir=asked["pipelines_dir"],
    )
    pipeline.run(source(asked), loader_file_format=asked.get("file_format", "csv"))


def source(asked: Record) -> Any:
    """The three collections; the lines of a receipt become a nested table."""
    import dlt
    from dlt.sources.rest_api import rest_api_source

    zone = ZoneInfo(asked["zone"])
    first, last = date.fromisoformat(asked["first_day"]), date.fromisoformat(asked["last_day"])
    windows = dlt.resource(lambda: iter([list(weeks(first, last, zone))]), name="weeks", selected=False)
    strategy = {"disposition": "merge", "strategy": asked.get("strategy", "upsert")}

    def collection(name: str, path: str, key: str, dates: tuple[str, str] | None, row: Map) -> Any:
        params = {}
        if dates:
            params = {
                "startDate": f"{{resources.weeks.{dates[0]}}}",
                "endDate": f"{{resources.weeks.{dates[1]}}}",
            }
        return {
            "name": name,
            "primary_key": key,
            "write_disposition": strategy,
            # without this dlt stores every one of some 190 fields, in a dozen nested tables
            "processing_steps": [{"map": row}],
            "endpoint": {"path": path, "params": params, "data_selector": "values"},
            "parallelized": False,
        }

    return rest_api_source(
        {
            "client": {
                "base_url": asked["url"] + PREFIX,
                "headers": {"partner_key": asked["partner_key"], "Authorization": asked["shop_key"]},
                "paginator": {
                    "type": "offset", "limit": PAGE, "offset_param": "skip", "limit_param": "limit",
                    "total_path": None, "stop_after_empty_page": True,
                },
            },
            "resources": [
                windows,
                collection("products", "/products", "product_id", None, product),
                collection("customers", "/members", "member_id", ("start_ms", "end_ms"), customer),
                collection("transactions", "/transactions", "transaction_id", ("first", "last"), receipt),
            ],
        },
        max_table_nesting=1,
    )  # fmt: skip


def weeks(first: date, last: date, zone: ZoneInfo) -> Iterator[Record]:
    """Windows of a week, as dates and as epoch milliseconds."""
    while first <= last:
        start = int(datetime(first.year, first.month, first.day, tzinfo=zone).timestamp() * 1000)
        until = min(first + WEEK - timedelta(days=1), last)
        yield {
            "start_ms": start,
            "end_ms": start + int(WEEK.total_seconds() * 1000),
            "first": f"{first:%m/%d/%Y}",
            "last": f"{until:%m/%d/%Y}",
        }
        first += WEEK


def receipt(record: Record) -> Record:
    """A receipt with its lines, which dlt puts into a table of their own."""
    return {**transaction(record), "items": list(lines(record))}


if __name__ == "__main__":
    main()

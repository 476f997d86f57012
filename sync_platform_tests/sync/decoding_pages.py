"""Pages of receipts for the tests of decoding, and a look at processes."""

import json
import time
from typing import Any

import msgspec

from sync_platform.core.content_hash import content_hash
from sync_platform.sync.blaze_entities import BLAZE_ENTITIES
from sync_platform.sync.decoded import Asked
from sync_platform.sync.known import KnownRecords
from sync_platform.sync.reading import Fetched
from sync_platform.vendors.paging import RawPage

SALES = BLAZE_ENTITIES["transactions"]
SAMPLE = 2


def page_of(records: list[Any]) -> RawPage:
    """A page as a reader hands it out."""
    raw = [msgspec.Raw(json.dumps(record).encode()) for record in records]
    return RawPage(raw, [content_hash(one) for one in raw], None, {}, nul=any(b"\\u0000" in bytes(one) for one in raw))


def asked_of(records: list[Any]) -> Asked:
    page = page_of(records)
    return Asked([bytes(raw) for raw in page.records], page.hashes, len(page.records), page.nul)


def sale(number: int, **values: Any) -> dict[str, Any]:
    """A receipt with one line."""
    line = {"orderItemId": f"line {number}", "quantity": 1, "finalPrice": number}
    return {"id": f"sale {number}", "modified": 1_700_000_000_000 + number, "cart": {"items": [line]}} | values


def fetched(records: list[Any]) -> Fetched:
    """It in a reading whose tables hold nothing."""
    return Fetched(page_of(records), KnownRecords(), {})


def alive(pid: int) -> bool:
    """Whether there is such a process, and not only what is left of one."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    """Whether it ends soon."""
    ends = time.monotonic() + 20
    while alive(pid) and time.monotonic() < ends:
        time.sleep(0.02)
    return not alive(pid)

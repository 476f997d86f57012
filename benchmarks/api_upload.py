"""An upload of 100 MiB to the service of the bench, and what it does to the memory of the process."""

import json
import time
from collections.abc import Iterator
from itertools import repeat

from benchmarks.service import Service
from benchmarks.stage import Stage
from sync_platform.transforms.purchase_rules import MIB

SIZE_MIB = 100
_LINE = b"T-1000000,2026-03-14,user-1,sku-1,2,7.50\n"
_HEAD = b"transaction_number,transaction_date,user_id,sku_id,quantity,unit_price\n"
_START = b'--bench\r\nContent-Disposition: form-data; name="file"; filename="large.csv"\r\n\r\n'
_END = b"\r\n--bench--\r\n"


def uploaded(stage: Stage, service: Service, headers: dict[str, str]) -> tuple[float, int]:
    """By how many MiB the peak rose above what the process had before, after a small upload; and the file's size."""
    _upload(service, headers, 1024)
    size = SIZE_MIB * MIB // stage.share
    before = service.memory_mib
    service.forget_peak()
    began = time.perf_counter()
    _upload(service, headers, size)
    stage.took(f"API: upload of {size // MIB} MiB", time.perf_counter() - began)
    stage.facts["memory of the service before the upload"] = f"{before:.0f} MiB"
    return max(0.0, service.peak_mib - before), size // MIB


def _upload(service: Service, headers: dict[str, str], size: int) -> None:
    connection = service.connection()
    length = len(_START) + size + len(_END)
    form = {"Content-Type": "multipart/form-data; boundary=bench", "Content-Length": str(length)}
    connection.request("POST", "/api/import/purchases", _body(size), {**headers, **form})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 202 or not json.loads(said)["new"]:
        raise RuntimeError(f"the upload was answered {answer.status}")


def _body(size: int) -> Iterator[bytes]:
    """A file of exactly so many bytes, in pieces of 64 KiB."""
    yield _START
    yield _HEAD
    left = size - len(_HEAD)
    block = _LINE * (64 * 1024 // len(_LINE))
    for piece in repeat(block):
        if left <= len(piece):
            yield piece[:left]
            break
        left -= len(piece)
        yield piece
    yield _END

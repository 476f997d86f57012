"""What is taken for a purchase file, and what is refused by its content or size."""

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
import zipfile
from collections import deque
from collections.abc import Iterator

import pytest

from sync_platform.transforms.purchase_file import read_purchases
from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform.transforms.purchase_rules import MIB, FileRules
from sync_platform_tests.transforms.purchase_reading import BERLIN, HEADER, LINE, read, table

GOOD = table(LINE).encode()


class Repeated(io.RawIOBase):
    """A stream that repeats a block without ever holding all of it."""

    def __init__(self, first: bytes, block: bytes, times: int) -> None:
        self._blocks = self._all(first, block, times)

    @staticmethod
    def _all(first: bytes, block: bytes, times: int) -> Iterator[bytes]:
        yield first
        for _ in range(times):
            yield block

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        block = next(self._blocks, b"")
        buffer[: len(block)] = block
        return len(block)


def bomb(mib: int) -> bytes:
    """That many MiB of one letter, a thousandth of it packed."""
    return gzip.compress(b"a" * MIB) * mib


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("purchases.csv", GOOD)
    return target.getvalue()


def tarred() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        member = tarfile.TarInfo("purchases.csv")
        member.size = len(GOOD)
        archive.addfile(member, io.BytesIO(GOOD))
    return target.getvalue()


# packed bytes hold the time: without names of their own, workers of one run would have different tests
@pytest.mark.parametrize(
    "data",
    [gzip.compress(GOOD), gzip.compress(GOOD[:50]) + gzip.compress(GOOD[50:]) + b"\0" * 9],
    ids=["one member", "two members"],
)
def test_gzip_is_read_as_what_it_holds(data: bytes) -> None:
    """CSV-05: members one after another are one file."""
    assert read(data).column("transaction_number") == ["T-1"]


@pytest.mark.parametrize(
    "data",
    [
        zipped(),
        gzip.compress(zipped()),
        gzip.compress(gzip.compress(GOOD)),
        tarred(),
        gzip.compress(tarred()),
        bz2.compress(GOOD),
        lzma.compress(GOOD),
        b"%PDF-1.7\n" + GOOD,
        b"\x89PNG\r\n\x1a\n" + GOOD,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + GOOD,
        b"\x7fELF" + GOOD,
        b"  <!DOCTYPE html><table>",
        b"\xef\xbb\xbf<?xml version='1.0'?>",
    ],
    ids="zip zip.gz gz.gz tar tar.gz bz2 xz pdf png ole elf html xml".split(),
)
def test_what_is_no_text_is_refused_by_its_content(data: bytes) -> None:
    """CSV-15, F-51: whatever its name says."""
    told = read(data)
    assert told.refused == "not_text"
    assert told.refusal is not None
    assert told.refusal.status == 415


@pytest.mark.parametrize("line", [2, 3, 5_000])
def test_a_nul_byte_anywhere_is_refused_with_its_line(line: int) -> None:
    """CSV-15, F-54."""
    lines = [HEADER, *[LINE] * 6_000]
    lines[line - 1] += "\0"
    told = read("\n".join(lines))
    assert told.refused == "nul_bytes"
    assert told.refusal is not None
    assert told.refusal.error.line == line


@pytest.mark.parametrize("cut", [5, 20, -9, -1])
def test_a_gzip_file_that_is_cut_off_is_refused(cut: int) -> None:
    """CSV-14: not read as a shorter file."""
    assert read(gzip.compress(GOOD)[:cut]).refused == "damaged_gzip"


def test_a_damaged_gzip_file_is_refused() -> None:
    """CSV-14: its checksum is looked at."""
    data = bytearray(gzip.compress(GOOD))
    data[-5] ^= 1
    assert read(bytes(data)).refused == "damaged_gzip"


def test_a_small_file_that_unpacks_to_a_gibibyte_is_refused_without_memory() -> None:
    """CSV-14, F-51: 1 MiB -> 1 GiB is stopped at the limit; here as one line, which is stopped before that."""
    data = bomb(1024)
    assert len(data) < 1.1 * MIB
    tracemalloc.start()
    try:
        assert read(data).refused == "line_too_long"
        assert tracemalloc.get_traced_memory()[1] < 32 * MIB
    finally:
        tracemalloc.stop()


def test_a_right_file_that_unpacks_to_more_than_300_mib_is_refused_there_without_memory() -> None:
    """CSV-14, F-51: its cells are large, so that no other limit is reached before."""
    block = gzip.compress(f"{LINE},{'x' * 60_000}\n".encode() * 100)
    data = gzip.compress(f"{HEADER},note\n".encode()) + block * 60
    file = read_purchases(io.BytesIO(data), FileRules(BERLIN))
    tracemalloc.start()
    try:
        with pytest.raises(PurchaseFileRefused, match="300 MiB") as refused:
            deque(file.blocks(), maxlen=0)
        assert tracemalloc.get_traced_memory()[1] < 48 * MIB
    finally:
        tracemalloc.stop()
    assert refused.value.status == 413
    assert 5_000 < file.rows < 5_243


def test_an_upload_is_refused_at_its_limit_and_not_before() -> None:
    """CSV-14, F-50."""
    assert read(GOOD, max_bytes=len(GOOD)).refused == ""
    assert read(GOOD, max_bytes=len(GOOD) - 1).refused == "upload_too_large"


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    """CSV-14, F-50."""
    file = read_purchases(io.BufferedReader(Repeated(GOOD, b"x" * 4096, 20_000)), FileRules(BERLIN))
    tracemalloc.start()
    try:
        with pytest.raises(PurchaseFileRefused, match="limit is 2097152 characters"):
            deque(file.blocks(), maxlen=0)
        assert tracemalloc.get_traced_memory()[1] < 32 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packed", [False, True])
def test_a_stream_that_comes_byte_by_byte_is_read_as_well(packed: bool) -> None:
    """CSV-05: signatures and marks are found although no block holds them whole."""
    data = gzip.compress(GOOD) if packed else b"\xef\xbb\xbf" + GOOD

    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(1)

    assert len(list(read_purchases(Slow(data), FileRules(BERLIN)).lines())) == 1

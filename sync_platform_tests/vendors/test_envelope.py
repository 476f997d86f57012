"""The envelope: strict about its own shape, and never a crash."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.content_hash import content_hash
from sync_platform.core.errors import ContractBroken
from sync_platform.vendors.answer import check_json
from sync_platform.vendors.envelope import decode_envelope, decode_object

PAGE = b'{"values":[{"id":"a","modified":7,"price":63.7058},{"id":"b"}],"skip":0,"limit":100,"total":840}'


def test_records_keep_their_exact_bytes() -> None:
    """SYS-01: digits go through untouched; the hash is that of the bytes."""
    page = decode_envelope(PAGE)
    assert bytes(page.records[0]) == b'{"id":"a","modified":7,"price":63.7058}'
    assert page.hashes[0] == content_hash(bytes(page.records[0]))
    assert (page.total, page.limit) == (840, 100)
    assert [(stamp.id, stamp.modified) for stamp in page.stamps()] == [("a", 7), ("b", None)]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("identity", ["a", "é", 'quo"te', "back\\slash", "x" * 70, "", 7, None])
def test_ids_are_those_of_the_stamps(identity: Any, first: bool) -> None:
    """F-26: the short way to a record's id tells what decoding tells."""
    fields = {"id": identity, "modified": 1}
    record = fields if first else dict(reversed(fields.items()))
    page = decode_envelope(json.dumps({"values": [record]}, separators=(",", ":"), ensure_ascii=False).encode())
    assert page.ids() == [stamp.id for stamp in page.stamps()]


@pytest.mark.parametrize(("text", "nul"), [("a", False), ("a\nb", False), ("a\x00b", True)])
def test_a_page_tells_whether_a_nul_is_in_it(text: str, nul: bool) -> None:
    """SYS-21: only then its records are searched."""
    assert decode_envelope(json.dumps({"values": [{"id": text}]}).encode()).nul is nul


@pytest.mark.parametrize(
    "body", [b'{"values":[]}', b'{"values":[],"total":null,"next":{"x":1}}', b' {"values":[1,null]} ']
)
def test_other_fields_and_odd_records_are_let_through(body: bytes) -> None:
    """The service adds fields at will; an odd record is one reject, not a lost page (SYS-08)."""
    assert decode_envelope(body).total is None


BROKEN = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"values":null}',
    b'{"values":{}}',
    b'{"values":[],"total":"840"}',
    b'{"values":[],"total":true}',
    b'{"values":[],"total":8.5}',
    b'{"values":[',
    b'{"values":[{"id":"a"',
    b'{"values":[{"a":NaN}]}',
    b'{"values":[{"a":-Infinity}]}',
    b'\xef\xbb\xbf{"values":[]}',
    b'{"values":[]}{"values":[]}',
    b'{"values":[{"a":1}],"values":[{"a":2}]}',
    b'{"values":[],"total":1,"total":2}',
    b'{"values":[{"a":1,"a":2}]}',
    b'{"values":[{"a":{"b":1,"b":1}}]}',
    b"<html></html>",
    b'{"values":[' + b"[" * 10_000 + b"]" * 10_000 + b"]}",
    b'{"values":[' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"]}",
    b"[" * 1_000_000,
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_not_the_documented_envelope_breaks_the_contract(body: bytes) -> None:
    """HTTP-03, F-25."""
    with pytest.raises(ContractBroken):
        decode_envelope(body)


def big(values: str) -> bytes:
    return f'{{"values":[{values}],"skip":0,"limit":100,"total":2}}'.encode()


FILLER = ",".join(json.dumps({"id": f"r{index}", "text": "x" * 900}, separators=(",", ":")) for index in range(100))


@pytest.mark.parametrize(
    "body",
    [
        big('{"id":"a","id":"b"},' + FILLER),
        big(FILLER + ',{"id":"a","id":"b"}'),
        big(FILLER).replace(b'"total":2', b'"total":2,"total":3'),
        big(FILLER).replace(b'"skip":0', b'"values":[]'),
        big(FILLER)[:-1] + b',"values":[' + FILLER.encode() + b"]}",
        b'{"values":[{"id":"x"}],' + big(FILLER)[1:],
        big(FILLER.replace("},{", '}, {"id":1,"id":2},{', 1)),
    ],
)
def test_a_key_twice_is_found_on_large_pages_too(body: bytes) -> None:
    """HTTP-03: the envelope always, the first and the last record always, all of them when pages are not compact."""
    assert len(body) > 64 * 1024
    with pytest.raises(ContractBroken, match="same key twice"):
        decode_envelope(body)


def test_a_large_compact_page_is_accepted() -> None:
    """The fast way gives the same records as the slow one."""
    assert decode_envelope(big(FILLER)).hashes == decode_envelope(big(FILLER), strict_json_bytes=10**9).hashes


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b"", b'{"a":1,"a":2}', b'{"a":NaN}', b"{"])
def test_a_single_record_is_an_object(body: bytes) -> None:
    """HTTP-03."""
    with pytest.raises(ContractBroken):
        decode_object(body)


def test_ten_thousand_mangled_bodies_are_pages_or_faults_and_never_a_crash() -> None:
    """F-25."""
    rng = random.Random(20)
    refused = 0
    for _ in range(10_000):
        body = bytearray(PAGE)
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(len(body))
            match rng.randrange(4):
                case 0:
                    body[at] = rng.randrange(256)
                case 1:
                    del body[at:]
                case 2:
                    body[at:at] = rng.choice(
                        [b"[", b"}", b"\x00", b"\xff", b"NaN", b'"id":1,', b"\xef\xbb\xbf", b"1e999"]
                    )
                case _:
                    body[at:at] = body[rng.randrange(len(body)) :]
            body = body or bytearray(b"{")
        try:
            check_json("application/json", bytes(body))
            decode_envelope(bytes(body)).stamps()
        except ContractBroken:
            refused += 1
    assert 1_000 < refused < 10_000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(values=st.lists(json_values, max_size=6), strict=st.sampled_from([0, 10**6]), indent=st.sampled_from([None, 2]))
def test_any_list_of_json_is_a_page(values: list[Any], strict: int, indent: int | None) -> None:
    """HTTP-03: strictness refuses nothing that is right, however it is laid out."""
    body = json.dumps({"values": values, "total": len(values)}, indent=indent).encode()
    page = decode_envelope(body, strict)
    assert [json.loads(bytes(record)) for record in page.records] == values
    assert len(page.stamps()) == len(values)

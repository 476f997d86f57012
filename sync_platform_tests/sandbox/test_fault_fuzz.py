"""Random damage is damage, is another one each time, and can be repeated."""

from random import Random

from sync_platform.sandbox.fault_fuzz import fuzzed
from sync_platform_tests.sandbox.conftest import Get

BODY = b'{"values":[{"id":"a","modified":1}],"skip":0,"limit":100,"total":1}'


def test_the_same_seed_damages_in_the_same_way() -> None:
    """SBX-01, SBX-02."""
    assert fuzzed(BODY, Random(7)) == fuzzed(BODY, Random(7))


def test_hardly_any_body_stays_whole_and_hardly_two_are_alike() -> None:
    """SBX-02: an empty body is damaged as well."""
    rng = Random(7)
    bodies = [fuzzed(BODY, rng) for _ in range(1_000)]
    assert sum(body != BODY for body in bodies) > 900
    assert len(set(bodies)) > 700
    assert isinstance(fuzzed(b"", rng), bytes)


def test_it_reaches_the_wire(faulty: Get) -> None:
    """SBX-02: under the headers of a whole answer."""
    answers = {faulty(kind="fuzzed").content for _ in range(5)}
    assert len(answers) > 1

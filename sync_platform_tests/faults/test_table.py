"""The table of cases counts what was run, and does not hide a failure."""

import pytest

from sync_platform_tests.faults.table import cases_of, table_of_cases


def report(outcome: str, *properties: tuple[str, object], when: str = "call") -> pytest.TestReport:
    return pytest.TestReport(
        "test", ("file", 1, "test"), {}, outcome, None, when, user_properties=list(properties), duration=2.0
    )


def test_runs_of_one_fault_are_put_together() -> None:
    """Whole numbers are added, of others the largest is kept, seeds are a range; set-up is not a run."""
    reports = [
        report("passed", ("fault", "F-99"), ("seed", 3), ("seen", {"kills": 10, "ratio": 1.5})),
        report("passed", ("fault", "F-99"), ("seed", 9), ("seen", {"kills": 10, "ratio": 1.25})),
        report("passed", ("fault", "F-99"), when="setup"),
        report("passed"),
    ]
    case = cases_of(reports)["F-99"]
    assert (case.runs, case.failed, case.seconds, case.seeds) == (2, 0, 4.0, {3, 9})
    assert case.seen == {"kills": 20, "ratio": 1.5}
    text = table_of_cases(reports)
    assert all(part in text for part in ("F-99", "3 to 9", "kills 20", "ratio 1.5", "passed"))


@pytest.mark.parametrize("when", ["call", "setup", "teardown"])
def test_a_failure_is_shown_wherever_it_happened(when: str) -> None:
    """A case is passed only where all of its tests are."""
    text = table_of_cases([report("passed", ("fault", "F-99")), report("failed", ("fault", "F-99"), when=when)])
    assert "1 FAILED" in text

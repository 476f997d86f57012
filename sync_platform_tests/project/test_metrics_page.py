"""The list of metrics in ``docs/metrics.md`` is that of the code, and its alarms use no other names (OPS-01)."""

import re

from sync_platform.core.metric_names import METRICS
from sync_platform_tests.project import metrics_page


def test_the_written_page_lists_the_metrics_of_the_code():
    """OPS-01: `python -m sync_platform_tests.project.metrics_page --write` writes it again."""
    assert not metrics_page.stale()


def test_alarms_ask_for_metrics_that_are_served():
    told = set(re.findall(r"\bsync_platform_[a-z_]+\b", metrics_page.PAGE.read_text()))
    known = {metric.name for metric in METRICS} | {"sync_platform_tests", "sync_platform_http_"}
    assert told - known == set()


def test_names_follow_the_customs_of_prometheus():
    """A counter ends in _total and nothing else does; every name is given once."""
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert {metric.name for metric in METRICS if metric.kind == "counter"} == {n for n in names if n.endswith("_total")}

"""Figures: what reaches its goal, what is kept, and what may be asked for."""

import json
import math
import subprocess
import sys

import pytest

from benchmarks.chart import first_load_chart
from benchmarks.children import ROOT, measure
from benchmarks.figure import GOALS, Figure, figures_table, write_latest
from benchmarks.page import BEGIN, END, write


@pytest.mark.parametrize(
    ("name", "value", "passed"),
    [
        ("first_load.vs_limit", 1.6, True),
        ("first_load.vs_limit", 1.61, False),
        ("first_load.vs_dlt", 4.0, True),
        ("first_load.vs_dlt", 3.99, False),
        ("first_load.vs_dlt", math.nan, False),
        # shown as 1.6, so judged as 1.6
        ("first_load.vs_limit", 1.60001, True),
    ],
)
def test_a_goal_is_reached_at_exactly_its_figure(name, value, passed):
    """PERF-02."""
    assert Figure(name, value).passed is passed


def test_a_good_figure_for_the_wrong_reason_is_not_reached():
    """PERF-03: fast, but rows were written."""
    figure = Figure("reread.unchanged_wal_mb", 0.1, proven=False, note="7 rows written")
    assert not figure.passed
    assert "MISSED" in figures_table([figure])


def test_a_figure_without_a_goal_does_not_exist():
    """PERF-02: names are exact."""
    with pytest.raises(ValueError, match="no goal"):
        Figure("first_load.vs_limits", 1)


def test_a_part_replaces_its_own_figures_and_a_whole_run_all(tmp_path):
    """PERF-02: five fields each, in the order of the goals."""
    path = tmp_path / "latest.json"
    write_latest(path, [Figure("reread.unchanged_wal_mb", 9), Figure("first_load.vs_limit", 2)], whole=True)
    write_latest(path, [Figure("reread.unchanged_wal_mb", 1.23456)], whole=False)
    kept = json.loads(path.read_text())
    assert [entry["name"] for entry in kept] == ["first_load.vs_limit", "reread.unchanged_wal_mb"]
    assert kept[1] == {
        "name": "reread.unchanged_wal_mb",
        "value": 1.235,
        "goal": "<= 2",
        "unit": "MB",
        "passed": True,
    }
    write_latest(path, [Figure("definitions.load_s", 6)], whole=True)
    assert [entry["name"] for entry in json.loads(path.read_text())] == ["definitions.load_s"]


def test_the_page_holds_the_last_run_and_keeps_what_is_around_it(tmp_path):
    """PERF-02: figures in the documentation come from a run."""
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    details = {"seconds": {"limit": [3, 1, 2]}, "facts": {"memory": "8 GiB"}}
    write(page, [Figure("first_load.vs_limit", 2).as_dict()], details)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| `first_load.vs_limit` | 2 x | <= 1.6 | **missed** |" in text
    assert "| limit | 2 | 3, 1, 2 |" in text


def test_the_chart_shows_the_scaled_script_and_each_ratio():
    """PERF-02: a tenth of the data counts ten times."""
    seconds = {"limit": [5.0], "first load, ours": [8.0], "dlt, first run": [40.0]}
    seconds["naive script, a tenth of the data"] = [15.0]
    drawn = first_load_chart(seconds)
    assert [f"({ratio}x)" in drawn for ratio in ("1", "1.6", "8", "30")] == [True] * 4
    assert "150 s" in drawn


def test_an_unknown_name_is_refused():
    """PERF-02: a misspelt part is no empty run."""
    command = [sys.executable, "-m", "benchmarks", "--only", "first_lod"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no figure begins with first_lod" in done.stderr


def test_every_goal_is_measured_by_exactly_one_part():
    """PERF-02, PERF-03, PERF-11."""
    from benchmarks.__main__ import parts

    names = [name for part in parts() for name in part.NAMES]
    assert sorted(names) == sorted(GOALS)


def test_peak_memory_is_the_childs_and_not_the_starters(tmp_path):
    """PERF-06: on exec a child inherits the high-water mark of whoever forked it."""
    ballast = bytearray(300 << 20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    small = measure([sys.executable, "-c", "pass"], {}, tmp_path)
    large = measure([sys.executable, "-c", "held = b'x' * (200 << 20)"], {}, tmp_path)
    assert small.peak_mib < 100
    assert 200 < large.peak_mib < 300

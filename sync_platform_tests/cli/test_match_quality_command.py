"""``matches evaluate`` (CRM-09)."""

import json

import typer
from typer.testing import CliRunner

from sync_platform.cli.match_quality import evaluate_matches

_app = typer.Typer()
_app.command()(evaluate_matches)


def test_the_figures_are_printed_per_seed_beside_those_of_the_replaced_job() -> None:
    """CRM-09: with a confusion table."""
    shown = CliRunner().invoke(_app, ["--size", "200", "--seed", "5", "--seed", "6"])
    assert shown.exit_code == 0, shown.output
    for text in ("precision", "recall", "right one offered", "replaced job", "asked because", "what is odd", "CRM-09"):
        assert text in shown.stdout
    rows = [line.split() for line in shown.stdout.splitlines() if line.startswith(("5 ", "6 ", "all "))]
    assert [row[0] for row in rows] == ["5", "5", "6", "6", "all", "all"]
    figures = [[int(cell) for cell in row[-7:]] for row in rows]
    assert [sum(row) for row in figures] == [200, 200, 200, 200, 400, 400]


def test_json_has_the_same_figures_for_machines() -> None:
    """CLI-01."""
    arguments = ["--size", "200", "--seed", "5", "--json"]
    first, second = (CliRunner().invoke(_app, arguments).stdout for _ in range(2))
    found = json.loads(first)
    assert found == json.loads(second)
    assert found.keys() == {"5", "all"}
    assert found["5"] == found["all"]
    assert 0.9 < found["all"]["rule"]["precision"] <= 1
    relaxed = json.loads(CliRunner().invoke(_app, [*arguments, "--lead-before-cap"]).stdout)
    assert relaxed["all"]["rule"]["recall"] >= found["all"]["rule"]["recall"]

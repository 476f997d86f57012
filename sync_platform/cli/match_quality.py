"""``sync-platform matches evaluate``: how well matching works, on invented people of whom it is known who is who."""

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.sandbox.crm_labelled import LabelledSet, labelled_set
from sync_platform.sandbox.old_match import OldMatch
from sync_platform.settings import load_settings
from sync_platform.sync.match_quality import (
    LEAST_PRECISION,
    LEAST_RECALL,
    Confusion,
    Labelled,
    MatchQuality,
    evaluate,
)
from sync_platform.sync.matching import match_rules
from sync_platform.transforms.match_decision import MatchRules

COLUMNS = (
    "seed",
    "rule",
    "precision",
    "recall",
    "right",
    "wrong",
    "to review, right one offered",
    "to review, not offered",
    "to review in vain",
    "missed",
    "correctly none",
)
ODDITIES_SHOWN = 12


def evaluate_matches(
    size: Annotated[int, typer.Option(min=100, max=10_000, help="Profiles of a set.")] = 2000,
    seed: Annotated[list[int] | None, typer.Option(help="Of a set; several are several sets. [default: 1 2 3]")] = None,
    lead_before_cap: Annotated[
        bool | None,
        typer.Option(
            "--lead-before-cap/--lead-after-cap",
            help="Whether the lead over the second is measured before the score is cut at 1. [default: as set]",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Match invented profiles to invented customers and compare with the truth; the replaced job's rule beside it.

    The limits are those of the settings. Nothing is read from or written to a database. Precision: of the automatic
    links, the share that is right. Recall: of the profiles with a customer, the share that is linked to it.
    """
    rules = match_rules(load_settings())
    if lead_before_cap is not None:
        rules = replace(rules, lead_before_cap=lead_before_cap)
    found: dict[str, MatchQuality] = {}
    with progress("matching") as step:
        seeds = seed or [1, 2, 3]
        for done, one in enumerate(seeds):
            step(f"seed {one}", done, len(seeds))
            found[str(one)] = _evaluated(labelled_set(one, size), rules)
    total = sum(found.values(), MatchQuality())
    if as_json:
        emit({name: _as_data(one) for name, one in (*found.items(), ("all", total))}, as_json)
        return
    rows = [row for name, one in (*found.items(), ("all", total)) for row in _rows(name, one)]
    emit(None, as_json, table_of(*COLUMNS, rows=rows))
    emit(None, as_json, table_of("asked because", "profiles", rows=total.reasons.most_common()))
    hardest = total.unlinked.most_common(ODDITIES_SHOWN)
    odd = [(name, total.having[name], count, f"{count / total.having[name]:.0%}") for name, count in hardest]
    emit(None, as_json, table_of("what is odd", "profiles with a customer", "not linked", "share", rows=odd))
    emit(None, as_json, _verdict(total))


def _evaluated(labelled: LabelledSet, rules: MatchRules) -> MatchQuality:
    customers = [(one.stable_hash_id, one.person) for one in labelled.customers]
    profiles = [Labelled(one.person, one.hashes, one.odd) for one in labelled.profiles]
    return evaluate(customers, profiles, labelled.country, rules, OldMatch(customers).linked)


def _rows(name: str, quality: MatchQuality) -> list[tuple[Any, ...]]:
    return [_row(name, "ours", quality.rule), _row(name, "replaced job", quality.old_rule)]


def _row(name: str, rule: str, one: Confusion) -> tuple[Any, ...]:
    figures = (one.right, one.wrong, one.offered, one.not_offered, one.asked_in_vain, one.missed, one.left_alone)
    return (name, rule, f"{one.precision:.4f}", f"{one.recall:.4f}", *figures)


def _as_data(quality: MatchQuality) -> dict[str, Any]:
    rules = {
        name: asdict(one) | {"precision": round(one.precision, 4), "recall": round(one.recall, 4)}
        for name, one in (("rule", quality.rule), ("old_rule", quality.old_rule))
    }
    odd = {name: {"profiles": count, "not_linked": quality.unlinked[name]} for name, count in quality.having.items()}
    counts = {"reasons": quality.reasons, "odd": odd, "reviews": quality.reviews}
    return {**rules, **counts, "good_enough": quality.good_enough}


def _verdict(quality: MatchQuality) -> str:
    reached = "reached" if quality.good_enough else "NOT reached"
    return f"precision of at least {LEAST_PRECISION} and recall of at least {LEAST_RECALL}: {reached} (CRM-09)"

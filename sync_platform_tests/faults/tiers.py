"""How much of the fault suite is run: a little with every `make test`, all of it with `make faults`."""

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

TIER_VARIABLE = "FAULT_TIER"
SEED_VARIABLE = "FAULT_SEED"
ONLY_VARIABLE = "FAULT_ONLY"

# a variable and not an option of pytest: options of a folder are known only where that folder is named
FULL = os.environ.get(TIER_VARIABLE, "short") == "full"
ONLY = os.environ.get(ONLY_VARIABLE, "")
FIRST_SEED = int(os.environ.get(SEED_VARIABLE) or 2026)

T = TypeVar("T")


def tiered(short: T, full: T) -> T:
    """A figure of the tier that is being run."""
    return full if FULL else short


def seeded(short: int = 1, full: int = 5) -> pytest.MarkDecorator:
    """Run a test once per seed. The seeds are in the tests' names and go on from ``FAULT_SEED``."""
    seeds = range(FIRST_SEED, FIRST_SEED + tiered(short, full))
    return pytest.mark.parametrize("seed", seeds, ids=[f"seed-{seed}" for seed in seeds])


def variants(name: str, short: Sequence[T], full: Sequence[T]) -> pytest.MarkDecorator:
    """Run a test once per value: some of them in the short tier, all of them in the full one."""
    return pytest.mark.parametrize(name, list(tiered(short, full)))

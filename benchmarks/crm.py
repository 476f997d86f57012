"""The CRM: what a single sync costs beside its call, calls and time of 1,000 profiles, and how well people are matched.

A call takes 20 ms. Time is the use case's, in this process: the start of an interpreter has nothing to do with calls.
"""

import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.clubs import Club, served
from benchmarks.figure import Figure
from benchmarks.server_state import settle
from benchmarks.stage import Stage, say
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import libpq_url
from sync_platform.sandbox.crm_labelled import LabelledSet, labelled_set
from sync_platform.sandbox.old_match import OldMatch
from sync_platform.settings import load_settings
from sync_platform.sync.crm import sync_crm
from sync_platform.sync.match_quality import Labelled, MatchQuality, evaluate
from sync_platform.sync.matching import match_rules
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.sync.request import SyncRequest, SyncResult

OVERHEAD, CALLS, RATIO = "crm.single_overhead_p95_ms", "crm.bulk_calls_per_profile", "crm.bulk_vs_single"
PRECISION, RECALL = "crm.match_precision", "crm.match_recall"
NAMES: tuple[str, ...] = (OVERHEAD, CALLS, RATIO, PRECISION, RECALL)

LATENCY, ROUNDS = 0.02, 3
PROFILES, WARM_UP = 1000, 20
# what the goals are about is neither the budget nor the pause between batches, both of which a person sets
AT_ONCE = {"calls_per_second": 1000.0, "batch_pause_seconds": 0.0}
SEEDS, PEOPLE = (1, 2, 3), 2000


@dataclass(frozen=True)
class Passes:
    """Seconds of each single sync and of each bulk sync of the same profiles, and the calls of every bulk sync.

    ``exact``: each single sync made one call, and both ways ended with all packages of every profile.
    """

    singles: list[float]
    bulks: list[float]
    calls: list[int]
    exact: bool


def run(stage: Stage) -> Iterable[Figure]:
    """Single and bulk syncs are measured in one go: they are compared with one another."""
    if any(map(stage.wants, (OVERHEAD, CALLS, RATIO))):
        size = PROFILES // stage.share
        with served(stage, [size]) as [club], stage.database("crm") as url:
            club.stand_in.delay(LATENCY)
            with opened(stage, url, AT_ONCE) as platform:
                passes = _passes(stage, platform, url, club)
            with opened(stage, url, {}) as platform:
                _unhurried(stage, platform, url, club)
        yield from (figure for figure in _figures(passes, size) if stage.wants(figure.name))
    if any(map(stage.wants, (PRECISION, RECALL))):
        quality = _matched(stage)
        rule, old = quality.rule, quality.old_rule
        note = f"{rule.right} links right, {rule.wrong} wrong; of the replaced job's rule {old.right} and {old.wrong}"
        found = (Figure(PRECISION, rule.precision, note=note), Figure(RECALL, rule.recall, note=_asked(quality)))
        yield from (figure for figure in found if stage.wants(figure.name))


def _passes(stage: Stage, platform: Platform, url: str, club: Club) -> Passes:
    """Every profile by itself, and all of them at once, each time for a tenant that has no packages yet."""
    alone = club.tenant(platform, "alone")
    settle(url)
    singles, exact = [], True
    for number, one in enumerate(club.people):
        if number == WARM_UP:  # the first ones open connections and load what a process loads once
            club.stand_in.asked()
        singles.append(synced(platform, alone, one.profile_id))
    exact &= len(club.stand_in.asked()) == len(club.people) - WARM_UP
    stage.took(f"CRM: {club.size:,} profiles, one after another", sum(singles))
    bulks, calls = [], []
    for number in range(ROUNDS):
        tenant = club.tenant(platform, f"bulk-{number}")
        settle(url)
        club.stand_in.asked()
        seconds = synced(platform, tenant)
        bulks.append(stage.took(f"CRM: {club.size:,} profiles at once, without pauses", seconds))
        calls.append(len(club.stand_in.asked()))
    whole = dict.fromkeys(("alone", *(f"bulk-{number}" for number in range(ROUNDS))), club.packages)
    exact &= len(club.people) == club.size and stored(url) == whole
    return Passes(singles, bulks, calls, exact)


def _unhurried(stage: Stage, platform: Platform, url: str, club: Club) -> None:
    """The same under the settings as they are shipped: no goal, but what a person sees at night."""
    tenant = club.tenant(platform, "night")
    settle(url)
    crm = platform.settings.crm
    pace = f"{crm.batch_pause_seconds:g} s between batches, {crm.calls_per_second:g} calls a second"
    stage.took(f"CRM: {club.size:,} profiles at once, {pace}", synced(platform, tenant))


def _figures(passes: Passes, size: int) -> Iterable[Figure]:
    later = passes.singles[WARM_UP:]
    beside = [1000 * (seconds - LATENCY) for seconds in later]
    middle = f"median {statistics.median(beside):.0f} ms, slowest {max(beside):.0f} ms, of {len(beside)}"
    yield Figure(OVERHEAD, percentile(beside, 0.95), passes.exact, middle)
    each = ", ".join(map(str, passes.calls))
    yield Figure(CALLS, max(passes.calls) / size, passes.exact, f"calls: {each}, the copy of the customers included")
    per_profile = statistics.median(passes.bulks) / size
    note = f"{1000 * statistics.mean(later):.1f} ms a profile against {1000 * per_profile:.1f} ms"
    yield Figure(RATIO, statistics.mean(later) / per_profile, passes.exact, note)


def _matched(stage: Stage) -> MatchQuality:
    """The rule under the settings as they are shipped, on labelled people (CRM-09)."""
    rules = match_rules(load_settings(_env_file=None))
    total = MatchQuality()
    for seed in SEEDS:
        people = labelled_set(seed, PEOPLE // stage.share)
        customers = [(one.stable_hash_id, one.person) for one in people.customers]
        total += evaluate(customers, labelled(people), people.country, rules, OldMatch(customers).linked)
    say(f"matched {sum(total.having.values()):,} oddities of profiles in {len(SEEDS)} sets")
    return total


def labelled(people: LabelledSet) -> list[Labelled]:
    """The profiles of a set as the evaluation wants them."""
    return [Labelled(one.person, one.hashes, one.odd) for one in people.profiles]


def _asked(quality: MatchQuality) -> str:
    rule = quality.rule
    return f"{rule.offered} wait for a person with the right customer before them, {rule.missed} were not found"


@contextmanager
def opened(stage: Stage, url: str, crm: dict[str, Any]) -> Iterator[Platform]:
    """The platform on a database, under these settings of the CRM."""
    settings = load_settings(
        database_url=url, data_dir=stage.folder, master_keys=(stage.master_key,), _env_file=None, crm=crm
    )
    with open_platform(settings) as platform:
        yield platform


def synced(platform: Platform, tenant: Tenant, *profiles: str) -> float:
    """Seconds of one sync: of these profiles, or of all. Raises the error of one that failed."""
    request = SyncRequest(tenant, "packages", (), "manual", "bench", source="crm", profiles=profiles)
    began = time.perf_counter()
    result: SyncResult = sync_crm(platform, request)
    seconds = time.perf_counter() - began
    if result.error:
        raise result.error
    return seconds


def stored(url: str) -> dict[str, int]:
    """Live packages by tenant."""
    statement = "select t.slug, count(*) from crm.packages p join platform.tenants t on t.id = p.tenant_id"
    with psycopg.connect(libpq_url(url)) as connection:
        found = connection.execute(f"{statement} where p.deleted_at is null group by 1").fetchall()
    return {str(slug): int(count) for slug, count in found}


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

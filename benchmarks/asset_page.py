"""The asset page over a grid of days and tenants: the query that it sends, once everything is materialised.

``python -m benchmarks.asset_page DAYS TENANTS`` measures another grid.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import dagster as dg
import psycopg

from benchmarks.children import ROOT
from benchmarks.dagster_home import Home, dagster_home
from benchmarks.figure import Figure
from benchmarks.stage import Stage, open_stage, say
from sync_platform.db.connect import libpq_url
from sync_platform.defs.partitions import TENANTS, day_tenant, range_tags
from sync_platform.settings import PREFIX

NAME = "ui.asset_page_300x365_s"
NAMES: tuple[str, ...] = (NAME,)
DAYS, MANY, REPEATS = 365, 300, 5
ASSET = dg.AssetKey(["blaze", "transactions"])

# as the page of the pinned release sends it
QUERY = """query PartitionHealthQuery($assetKey: AssetKeyInput!) { assetNodeOrError(assetKey: $assetKey) {
  ... on AssetNode { id partitionKeysByDimension { name type partitionKeys } assetPartitionStatuses {
    ... on TimePartitionStatuses { ranges { status startTime endTime startKey endKey } }
    ... on DefaultPartitionStatuses { materializedPartitions materializingPartitions failedPartitions }
    ... on MultiPartitionStatuses { primaryDimensionName ranges {
      primaryDimStartKey primaryDimEndKey primaryDimStartTime primaryDimEndTime
      secondaryDim {
        ... on TimePartitionStatuses { ranges { status startTime endTime startKey endKey } }
        ... on DefaultPartitionStatuses { materializedPartitions materializingPartitions failedPartitions }
      } } } } } } }"""

# Every partition as the recorder leaves it: a plan and a materialisation, copied from those of one partition. The state
# of a cell follows from type, asset, partition and run; what else an event says is not read.
FILL = """
insert into event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
select e.run_id, replace(e.event, %(known)s, grid.key), e.dagster_event_type, e.timestamp, e.step_key, e.asset_key,
    grid.key
from event_logs e
cross join (select d || '|' || t as key from unnest(%(days)s::text[]) d cross join unnest(%(tenants)s::text[]) t) grid
where e.asset_key = %(asset)s and e.partition = %(known)s and grid.key <> %(known)s
order by e.id
"""


def run(stage: Stage) -> Iterable[Figure]:
    """The median of five answers after the first."""
    warm, full = measured(stage, DAYS, MANY)
    yield Figure(NAME, warm, full)


def measured(stage: Stage, days: int, tenants: int) -> tuple[float, bool]:
    """Seconds of an answer after the first, and whether it shows the whole grid. Tells the others on standard error:
    the first one, and the first after new materialisations of one day."""
    name, now = "asset_page", datetime.now(UTC)
    keys = [(now.date() - timedelta(days=n)).isoformat() for n in range(days)]
    slugs = [f"shop-{n:04}" for n in range(tenants)]
    with (
        stage.database(name) as url,
        stage.database(f"{name}_dagster", "template1") as dagster_url,
        dagster_home(stage, name, url, dagster_url) as home,
    ):
        home.instance.add_dynamic_partitions(TENANTS, slugs)
        _fill(home, dagster_url, keys, slugs)
        with home.web_server(**{f"{PREFIX}FIRST_DAY": keys[-1]}) as address:
            # the first answer of all loads the page's code as well
            _asked(address, "query { version }", {})
            cold, answer = _page(address)
            warm = [_page(address)[0] for _ in range(REPEATS)]
            _materialise(home, keys[0], slugs)
            after_tick, _ = _page(address)
    usual = statistics.median(warm)
    grid = f"{days} days x {tenants} tenants"
    say(f"asset page, {grid}: {cold:.2f} s first, {usual:.2f} s warm, {after_tick:.2f} s after a tick")
    return usual, _materialised(answer) == days * tenants


def _fill(home: Home, dagster_url: str, days: Sequence[str], tenants: Sequence[str]) -> None:
    _materialise(home, days[0], tenants[:1])
    values = {
        "asset": ASSET.to_string(), "known": f"{days[0]}|{tenants[0]}", "days": list(days), "tenants": list(tenants),
    }  # fmt: skip
    with psycopg.connect(libpq_url(dagster_url)) as connection:
        connection.execute(FILL, values)
        connection.execute("analyze event_logs")
    _materialise(home, days[0], tenants[:1])  # the asset's row tells of the last event


def _materialise(home: Home, day: str, tenants: Sequence[str]) -> None:
    """A run over one day of these tenants, which are neighbours."""

    @dg.asset(key=ASSET, partitions_def=day_tenant(date.fromisoformat(day)))
    def grid() -> None:
        """Nothing is done: its events are what counts."""

    tags = range_tags(date.fromisoformat(day), date.fromisoformat(day), list(tenants))
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    if not dg.materialize([grid], instance=home.instance, tags=tags, run_config=quiet).success:
        raise RuntimeError("the events of the grid were not recorded")


def _page(address: str) -> tuple[float, Any]:
    """Seconds, and the answer."""
    began = time.perf_counter()
    answer = _asked(address, QUERY, {"assetKey": {"path": ASSET.path}})
    return time.perf_counter() - began, answer["assetNodeOrError"]


def _materialised(node: Any) -> int:
    """Cells of the grid that are shown as materialised."""
    return sum(
        _length(part["primaryDimStartKey"], part["primaryDimEndKey"])
        * len(part["secondaryDim"]["materializedPartitions"])
        for part in node["assetPartitionStatuses"]["ranges"]
    )


def _length(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def _asked(address: str, text: str, variables: dict[str, Any]) -> Any:
    body = json.dumps({"query": text, "variables": variables}).encode()
    request = Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=300) as answer:
        found = json.load(answer)
    if "errors" in found:
        raise RuntimeError(str(found["errors"])[:2000])
    return found["data"]


if __name__ == "__main__":
    with open_stage(ROOT / "benchmarks" / "out") as opened:
        measured(opened, *map(int, sys.argv[1:3]))

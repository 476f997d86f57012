"""What Dagster's pages say to its web server: the same operations, without the page."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import httpx

REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "sync_platform"}
TABLES = ("customers", "transactions", "transaction_items", "products")
FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}

LAUNCH = """mutation LaunchPipelineExecution($executionParams: ExecutionParams!) {
  launchPipelineExecution(executionParams: $executionParams) { __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PipelineNotFoundError { message } ... on InvalidSubsetError { message }
    ... on RunConfigValidationInvalid { errors { message } } ... on PythonError { message stack } } }"""
REEXECUTE = """mutation LaunchPipelineReexecution($reexecutionParams: ReexecutionParams) {
  launchPipelineReexecution(reexecutionParams: $reexecutionParams) { __typename
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message stack } } }"""
TERMINATE = """mutation Terminate($runId: String!) { terminateRun(runId: $runId) { __typename
    ... on TerminateRunFailure { message } ... on PythonError { message } } }"""
BACKFILL = """mutation LaunchPartitionBackfill($backfillParams: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfillParams) { __typename
    ... on LaunchBackfillSuccess { backfillId } ... on PartitionKeysNotFoundError { message }
    ... on InvalidSubsetError { message } ... on PythonError { message stack } } }"""
REEXECUTE_BACKFILL = """mutation ReexecuteBackfill($reexecutionParams: ReexecutionParams!) {
  reexecutePartitionBackfill(reexecutionParams: $reexecutionParams) { __typename
    ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message stack } } }"""
BACKFILL_STATUS = """query Backfill($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } } ... on PythonError { message } } }"""
RUNS = """query Runs($filter: RunsFilter!) { runsOrError(filter: $filter, limit: 100) { __typename
    ... on Runs { results { runId status parentRunId startTime endTime tags { key value } } }
    ... on PythonError { message } } }"""
LOGS = """query Logs($runId: ID!) { logsForRun(runId: $runId) { ... on EventConnection {
    events { ... on MessageEvent { message } ... on ExecutionStepFailureEvent { error { message } } } } } }"""
STATUSES = """query PartitionHealth($keys: [AssetKeyInput!]) { assetNodes(assetKeys: $keys) { assetKey { path }
    assetPartitionStatuses { ... on MultiPartitionStatuses { ranges { primaryDimStartKey primaryDimEndKey
        secondaryDim { ... on DefaultPartitionStatuses { materializedPartitions failedPartitions } } } } } } }"""
START_SCHEDULE = """mutation StartSchedule($selector: ScheduleSelector!) { startSchedule(scheduleSelector: $selector) {
    __typename ... on ScheduleStateResult { scheduleState { id } } ... on PythonError { message } } }"""
STOP_SCHEDULE = """mutation StopSchedule($id: String!) { stopRunningSchedule(id: $id) { __typename } }"""
TICKS = """query Ticks($selector: InstigationSelector!) { instigationStateOrError(instigationSelector: $selector) {
    ... on InstigationState { ticks(limit: 10) { status runIds skipReason error { message } } } } }"""
TENANTS = """query Partitions($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    partitionKeysByDimension { name partitionKeys } } } }"""

Found = TypeVar("Found")


def wait_for(what: str, look: Callable[[], Found | None], seconds: float) -> Found:
    """Look until there is something. Fails with ``what`` was awaited."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {seconds:g} s")


def partition_tags(day: date, tenant: str) -> dict[str, str]:
    """As the page sends them for one partition."""
    dimensions = {"dagster/partition/day": day.isoformat(), "dagster/partition/tenant": tenant}
    return {"dagster/partition": f"{day}|{tenant}", **dimensions}


def range_tags(first: str, last: str) -> dict[str, str]:
    """As the page sends them for a range in a single run."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def asset_key(table: str) -> dict[str, list[str]]:
    """A key as GraphQL wants it."""
    return {"path": ["blaze", table]}


class WebServer:
    """A running web server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=60)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def ask(self, text: str, **variables: Any) -> Any:
        """One operation; its only field. Any error of GraphQL fails the test."""
        answer = self._client.post("/graphql", json={"query": text, "variables": variables})
        answer.raise_for_status()
        body = answer.json()
        assert "errors" not in body, body["errors"]
        (value,) = body["data"].values()
        return value

    def launch(
        self,
        tags: Mapping[str, str],
        *,
        job: str = "__ASSET_JOB",
        assets: Sequence[str] | None = None,
    ) -> str:
        """Launch as an asset page does (``assets``) or a job's page; returns the run id."""
        selector: dict[str, Any] = {**REPOSITORY, "pipelineName": job}
        if assets is not None:
            selector |= {"assetSelection": [asset_key(table) for table in assets], "assetCheckSelection": []}
        params = {
            "mode": "default",
            "runConfigData": "{}",
            "selector": selector,
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        answer = self.ask(LAUNCH, executionParams=params)
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def retry(self, run_id: str) -> str:
        """The button "from failure" of a run's page."""
        answer = self.ask(REEXECUTE, reexecutionParams={"parentRunId": run_id, "strategy": "FROM_FAILURE"})
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def run(self, run_id: str) -> dict[str, Any]:
        """A run with its tags as a dictionary."""
        (found,) = self.runs(runIds=[run_id])
        return found

    def runs(self, **filters: Any) -> list[dict[str, Any]]:
        """Runs that match, newest first."""
        found = self.ask(RUNS, filter=filters)["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def finished(self, run_id: str, seconds: float = 90) -> dict[str, Any]:
        """The run, when it is over."""

        def look() -> dict[str, Any] | None:
            run = self.run(run_id)
            return run if run["status"] in FINISHED else None

        return wait_for(f"the end of run {run_id}", look, seconds)

    def messages(self, run_id: str) -> list[str]:
        """What a run's page lists."""
        events = self.ask(LOGS, runId=run_id)["events"]
        return [f"{event.get('message', '')} {(event.get('error') or {}).get('message', '')}" for event in events]

    def backfill_finished(self, backfill: str, seconds: float = 120) -> str:
        """The status of a backfill, when it is over."""

        def look() -> str | None:
            found = self.ask(BACKFILL_STATUS, id=backfill)
            return None if found["status"] in ("REQUESTED", "IN_PROGRESS") else str(found["status"])

        return wait_for(f"the end of backfill {backfill}", look, seconds)

    def statuses(self, table: str) -> tuple[set[str], set[str]]:
        """Partitions that the bar of the asset page shows as materialised and as failed, as ``day|tenant``."""
        (node,) = self.ask(STATUSES, keys=[asset_key(table)])
        good: set[str] = set()
        bad: set[str] = set()
        for one in node["assetPartitionStatuses"]["ranges"]:
            for day in _days(one["primaryDimStartKey"], one["primaryDimEndKey"]):
                good |= {f"{day}|{tenant}" for tenant in one["secondaryDim"]["materializedPartitions"]}
                bad |= {f"{day}|{tenant}" for tenant in one["secondaryDim"]["failedPartitions"]}
        return good, bad

    def tenants(self) -> list[str]:
        """Tenants that have partitions."""
        found = self.ask(TENANTS, key=asset_key("customers"))["partitionKeysByDimension"]
        return next(list(one["partitionKeys"]) for one in found if one["name"] == "tenant")


def _days(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)]

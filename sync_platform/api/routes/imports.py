"""``/api/import``: purchase files from whoever may bring them, and what became of them (CSV-30 to CSV-33)."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.idempotency import begin_upload
from sync_platform.api.import_answers import (
    SHOWN_ERRORS,
    ImportStatus,
    ImportSummary,
    ImportTaken,
    form_schema,
    options_of,
    status_of,
    summary_of,
    taken,
)
from sync_platform.api.models import RowNumber
from sync_platform.api.paging import Page, PageAsked, Paging, page_of
from sync_platform.api.personal import PERMISSION, may, refuse
from sync_platform.api.problems import Problem, answers
from sync_platform.api.streamed import UNLIMITED, reads_own_body
from sync_platform.api.uploads import receive_upload
from sync_platform.core.errors import InvalidRequest
from sync_platform.core.purchase_fields import FIELDS
from sync_platform.db.import_batch_row import BatchRow, BatchState
from sync_platform.db.import_batches import UnknownImport, read_batch, read_batches
from sync_platform.db.import_errors import read_errors
from sync_platform.sync.import_corrections import errors_csv
from sync_platform.sync.import_files import ImportFiles
from sync_platform.sync.import_options import OPEN, limits_of
from sync_platform.sync.imports import cancel_import, submit_stored
from sync_platform.sync.permissions import web_transaction
from sync_platform.transforms.purchase_problems import PurchaseFileRefused

router = APIRouter(prefix="/api/import", tags=["imports"], route_class=GuardedRoute)

CSV, BOM = "text/csv; charset=utf-8", "\ufeff"
_AT_ONCE = 64 * 1024  # characters of an export that leave together
_CSV_ANSWER = {"content": {"text/csv": {"schema": {"type": "string"}}}}
BatchId = Annotated[RowNumber, Path(description="number of the import")]
Reader = Annotated[Caller, Depends(needs("imports.read"))]
State = Annotated[BatchState | None, Query(description="only imports in this state")]


@router.post(
    "/purchases",
    status_code=202,
    operation_id="import_purchases",
    summary="Import a file of purchases",
    responses=answers(401, 403, 404, 408, 409, 415),
    dependencies=[Depends(reads_own_body)],
    max_body_size=UNLIMITED,
    openapi_extra={"requestBody": form_schema()},
)
async def import_purchases(
    request: Request, response: Response, caller: Annotated[Caller, Depends(needs("imports.create"))]
) -> ImportTaken:
    """Store a file and leave it to a worker. All of its lines are taken, or none.

    The same file once more is the import that it has, unless `force` is set.
    """
    platform, files = caller.platform, ImportFiles(caller.platform.settings)
    limit = limits_of(caller.tenant, platform.settings.imports).max_bytes
    try:
        upload = await receive_upload(request, files, limit)
        try:
            options = options_of(upload, caller.actor)
            await begin_upload(request, caller.identity, caller.tenant.id, upload.content_hash)
        except BaseException:
            files.remove(upload.stored.name)
            raise
        result = await run_in_threadpool(
            submit_stored, platform, caller.tenant, upload.stored, options, caller.identity
        )
    except PurchaseFileRefused as refused:
        raise Problem(refused.status, detail=str(refused)) from None
    response.headers["Location"] = status_url = f"/api/import/status/{result.batch.id}"
    return taken(result, status_url)


@router.get(
    "/status/{batch_id}",
    operation_id="import_status",
    summary="How far an import is, or how it ended",
    responses=answers(401, 403, 404),
)
def import_status(batch_id: BatchId, caller: Reader) -> ImportStatus:
    """With its first 100 errors; the lines themselves are in errors.csv."""
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        batch = _batch(conn, caller, batch_id)
        errors = read_errors(conn, caller.tenant.id, batch_id, limit=SHOWN_ERRORS) if batch.errors else []
    return status_of(batch, errors)


@router.get(
    "/list",
    operation_id="list_imports",
    summary="Imports, newest first",
    responses=answers(401, 403, 404),
)
def list_imports(caller: Reader, paging: Paging, state: State = None) -> Page[ImportSummary]:
    """Of the caller's own tenant."""
    return _page(caller, paging, state)


@router.get(
    "/list/{merchant_id}",
    operation_id="list_imports_of_merchant",
    summary="Imports of a merchant, newest first",
    responses=answers(401, 403, 404),
)
def list_imports_of_merchant(
    merchant_id: Annotated[str, Path(min_length=1, max_length=100)],
    caller: Reader,
    paging: Paging,
    state: State = None,
) -> Page[ImportSummary]:
    """`merchant_id` is the tenant's id or name in addresses; any but the caller's own is unknown."""
    if merchant_id.lower() not in (str(caller.tenant.id), caller.tenant.slug):
        raise Problem(404, detail="there is no such merchant")
    return _page(caller, paging, state)


@router.post(
    "/{batch_id}/cancel",
    operation_id="cancel_import",
    summary="Let nothing of an import get into the ledger",
    responses=answers(401, 403, 404, 409),
)
def cancel(batch_id: BatchId, caller: Annotated[Caller, Depends(needs("imports.cancel"))]) -> ImportStatus:
    """Of one that waits or runs; 409 for one that has ended."""
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        _batch(conn, caller, batch_id)
    result = cancel_import(caller.platform, caller.tenant, batch_id, f"cancelled by {caller.actor}")
    return status_of(result.batch, list(result.errors[:SHOWN_ERRORS]))


@router.get(
    "/template.csv",
    operation_id="import_template",
    summary="The header that imports expect",
    response_class=Response,
    responses={**answers(401, 403, 404), 200: {"description": "a CSV file with a header", **_CSV_ANSWER}},
)
def template(caller: Reader) -> Response:
    """Any order of columns will do."""
    return Response(",".join(FIELDS) + "\r\n", media_type=CSV, headers=_attachment("import-template.csv"))


@router.get(
    "/{batch_id}/errors.csv",
    operation_id="import_errors",
    summary="What has to be corrected, as a file that can be imported itself",
    response_class=StreamingResponse,
    responses={**answers(401, 403, 404, 409, 410), 200: {"description": "lines with what to do", **_CSV_ANSWER}},
)
def errors_file(
    request: Request,
    batch_id: BatchId,
    caller: Annotated[Caller, Depends(needs("imports.read", personal=True))],
    whole: Annotated[bool, Query(description="all lines of the file, ready to be corrected and imported")] = False,
) -> StreamingResponse:
    """Two columns come first: codes, and what to do. Cells that a spreadsheet would run have a quote in front.

    An import without errors has a file with a header alone; one that has not ended has none yet (409). 410 once its
    errors are purged. Lines are given as they came, personal data included: it needs customers.read_pii as well.
    """
    if not may(caller, PERMISSION):
        raise refuse(request, caller, PERMISSION, f"lines of files need the permission {PERMISSION}")
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        batch = _batch(conn, caller, batch_id)
    if batch.state in OPEN:
        raise Problem(409, detail=f"import {batch_id} has not ended; its errors are not known yet")
    if batch.purged_at is not None:
        raise Problem(410, detail=f"the errors of import {batch_id} were purged on {batch.purged_at:%Y-%m-%d}")
    try:
        found = errors_csv(caller.platform, caller.tenant, batch_id, whole=whole)
    except InvalidRequest as error:
        raise Problem(409, detail=str(error)) from None
    headers = _attachment(f"import-{batch_id}-errors.csv")
    if found.warning:
        headers["X-Import-Warning"] = found.warning
    return StreamingResponse(_in_blocks(found.lines), media_type=CSV, headers=headers)


def _batch(conn: Connection[Any], caller: Caller, batch_id: int) -> BatchRow:
    try:
        return read_batch(conn, caller.tenant.id, batch_id)
    except UnknownImport:
        raise Problem(404, detail="there is no such import") from None


def _page(caller: Caller, paging: PageAsked, state: BatchState | None) -> Page[ImportSummary]:
    after = paging.key(int)
    with web_transaction(caller.platform, caller.identity, caller.tenant) as conn:
        rows = read_batches(conn, caller.tenant.id, limit=paging.fetch, state=state, before=after[0] if after else None)
    shown, cursor = page_of(rows, paging, lambda row: (row.id,))
    return Page(items=[summary_of(row) for row in shown], next_cursor=cursor)


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _in_blocks(lines: Iterator[str]) -> Iterator[bytes]:
    """With the mark by which spreadsheets know UTF-8."""
    waiting = BOM
    for line in lines:
        waiting += line
        if len(waiting) >= _AT_ONCE:
            yield waiting.encode()
            waiting = ""
    yield waiting.encode()

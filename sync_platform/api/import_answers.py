"""Imports of purchase files as the service takes and shows them (CSV-30, CSV-31)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sync_platform.api.models import Answer
from sync_platform.api.uploads import FILE, Upload
from sync_platform.core.errors import InvalidRequest
from sync_platform.db.import_batch_row import BatchError, BatchRow, BatchState, Stage
from sync_platform.db.purchases import ImportMode
from sync_platform.sync.import_options import ImportOptions, ImportResult, Reading
from sync_platform.transforms.purchase_header import saved_mapping
from sync_platform.transforms.purchase_rules import Dates, Decimals, Encoding

SHOWN_ERRORS = 100
MAX_MAPPED = 1000
_MAPPING = msgspec.json.Decoder(dict[str, str])
SeparatorName = Literal["auto", ",", ";", "|", "tab"]


class ImportForm(BaseModel):
    """The fields of the form beside its file: what the command of the same name has as options."""

    model_config = ConfigDict(extra="forbid")

    batch_name: Annotated[
        str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="a name for this import")
    ] = ""
    mode: Annotated[ImportMode, Field(description="what to do with numbers that are there already")] = "reject"
    allow_returns: Annotated[bool, Field(description="numbers may be negative")] = False
    dry_run: Annotated[bool, Field(description="do everything, and keep nothing of it")] = False
    force: Annotated[bool, Field(description="although the same file was imported before")] = False
    mapping: Annotated[
        str | None, Field(max_length=64 * 1024, description="JSON from the file's column names to ours")
    ] = None
    dates: Annotated[Dates, Field(description="how days are written")] = "iso"
    decimals: Decimals = "auto"
    encoding: Encoding = "auto"
    separator: SeparatorName = "auto"

    @field_validator("mapping")
    @classmethod
    def _leads_to_our_columns(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                saved_mapping(mapping_of(text), ())
            except (msgspec.MsgspecError, RecursionError, InvalidRequest):
                raise ValueError("not a JSON object from column names of the file to columns of ours") from None
        return text


def mapping_of(text: str) -> dict[str, str]:
    """From the file's column names to ours. Raises what the decoder raises."""
    found = _MAPPING.decode(text)
    if len(found) > MAX_MAPPED:
        raise InvalidRequest(f"a mapping has at most {MAX_MAPPED} columns")
    return found


def options_of(upload: Upload, uploader: str) -> ImportOptions:
    """What the form asks for. Raises RequestValidationError, which is answered 422."""
    try:
        form = ImportForm.model_validate_strings(upload.fields)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None
    return ImportOptions(
        uploader=uploader,
        file_name=upload.file_name,
        name=form.batch_name,
        mode=form.mode,
        allow_returns=form.allow_returns,
        dry_run=form.dry_run,
        force=form.force,
        reading=Reading(
            mapping=mapping_of(form.mapping) if form.mapping else None,
            dates=form.dates,
            decimals=form.decimals,
            encoding=form.encoding,
            separator="\t" if form.separator == "tab" else form.separator,
        ),
    )


def form_schema() -> dict[str, Any]:
    """The form in the OpenAPI document: FastAPI would read the whole body to find it out by itself."""
    schema = ImportForm.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "CSV, also packed by gzip"}
    schema["properties"] = {FILE: file, **schema["properties"]}
    schema["required"] = [FILE]
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


class ImportTaken(Answer):
    """A file that was taken. ``new`` is false where the same file had this import before."""

    batch_id: int
    state: BatchState
    new: bool
    status_url: str


class LineProblem(Answer):
    """One error. Cells of its line are in errors.csv alone."""

    line: int | None
    column: str | None
    code: str
    message: str


class ImportSummary(Answer):
    """An import as it is now; counts are of lines, purchases and items."""

    batch_id: int
    batch_name: str
    file_name: str
    sha256: str
    bytes: int
    mode: ImportMode
    allow_returns: bool
    dry_run: bool
    forced: bool
    uploader: str
    arrival_day: date
    state: BatchState
    stage: Stage
    done: Annotated[int, Field(description="lines of this stage")]
    rows: Annotated[int, Field(description="lines that were read")]
    purchases: int
    items: int
    updated: int
    unchanged: int
    skipped: int
    error_count: int
    error_summary: dict[str, int]
    warnings: list[str]
    problem: Annotated[str | None, Field(description="why it ended, where no line is to blame")]
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class ImportStatus(ImportSummary):
    """An import with its first errors."""

    errors: list[LineProblem]
    seconds: Annotated[dict[str, float], Field(description="how long each stage took")]


def taken(result: ImportResult, status_url: str) -> ImportTaken:
    """The answer to an upload."""
    return ImportTaken(batch_id=result.batch.id, state=result.batch.state, new=result.new, status_url=status_url)


def summary_of(batch: BatchRow) -> ImportSummary:
    """One line of the list."""
    return ImportSummary(**_shown(batch))


def status_of(batch: BatchRow, errors: list[BatchError]) -> ImportStatus:
    """With its first errors."""
    listed = [LineProblem(line=one.line, column=one.column, code=one.code, message=one.message) for one in errors]
    return ImportStatus(**_shown(batch), errors=listed, seconds=batch.report.get("seconds", {}))


def _shown(batch: BatchRow) -> dict[str, Any]:
    renamed = {"batch_id": batch.id, "batch_name": batch.name, "error_count": batch.errors}
    same = ImportSummary.model_fields.keys() - renamed.keys()
    return renamed | {name: getattr(batch, name) for name in same} | {"warnings": [str(one) for one in batch.warnings]}

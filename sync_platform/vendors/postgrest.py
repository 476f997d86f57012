"""Tables and functions behind PostgREST, with or without the gateway of a hosted project (CRM-01)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from sync_platform.core.errors import ConfigurationError, ContractBroken
from sync_platform.vendors.envelope import STRICT_JSON_BYTES, Envelope, decode_rows
from sync_platform.vendors.http import VendorHttp
from sync_platform.vendors.postgrest_answers import BeyondTheEnd, counted_rows, of_postgrest
from sync_platform.vendors.postgrest_filters import url_bytes
from sync_platform.vendors.postgrest_rows import Key, Rows, keys_of
from sync_platform.vendors.verdict import Expected


@dataclass(frozen=True)
class PostgrestOptions:
    """Where tables are, and whether rows are counted. A blank ``db_schema`` is the first one that is exposed."""

    base_path: str = "/rest/v1"
    db_schema: str = ""
    count_rows: bool = True
    strict_json_bytes: int = STRICT_JSON_BYTES


@dataclass(frozen=True)
class Asked:
    """What rows are asked for. ``arguments`` are those of a function; None for a table.

    ``hidden`` are values in filters and arguments that no message may repeat.
    """

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] | None = None
    hidden: Sequence[str] = ()

    @property
    def endpoint(self) -> str:
        """The path behind the prefix, which is also the name for counters and messages."""
        return f"/{self.name}" if self.arguments is None else f"/rpc/{self.name}"


def postgrest_headers(api_key: str) -> dict[str, str]:
    """The key for the gateway, and again as what decides about the role. Its form is not looked at."""
    if not api_key:
        raise ConfigurationError("the API key is missing")
    return {"apikey": api_key, "Authorization": f"Bearer {api_key}"}


class PostgrestApi:
    """Reads rows with the role of the key in ``http``. Functions have to be ones that only read."""

    def __init__(self, http: VendorHttp, options: PostgrestOptions) -> None:
        self._http, self._options = http, options

    def url_bytes(self, asked: Asked) -> int:
        """Length of the address of a page, as it is sent."""
        page = {**asked.params, "order": "id.asc", "limit": "10000", "id": "gt." + "9" * 20}
        return url_bytes(self._options.base_path + asked.endpoint, page)

    def rows(self, asked: Asked, after: Key | None, limit: int, timeout_tries: int | None = None) -> Rows:
        """The first rows with an id above ``after``, and how many there are, where rows are counted."""
        params = {**asked.params, "order": "id.asc", "limit": str(limit)}
        if after is not None:
            params["id"] = f"gt.{after}"
        hidden = [*asked.hidden, *([after] if isinstance(after, str) else [])]
        page = replace(asked, params=params, hidden=hidden)
        return self._call(page, after, counted=self._options.count_rows, timeout_tries=timeout_tries)

    def count(self, asked: Asked) -> int:
        """How many rows there are. Raises ContractBroken where the source does not count them."""
        one = replace(asked, params={**asked.params, "select": "id", "limit": "1"})
        total = self._call(one, None, counted=True).page.total
        if total is None:
            raise ContractBroken(f"{asked.endpoint}: the rows were not counted as asked")
        return total

    def first(self, asked: Asked) -> list[msgspec.Raw]:
        """At most one row, in one call, without counting."""
        one = replace(asked, params={**asked.params, "limit": "1"})
        return self._call(one, None, counted=False).page.records

    def _call(self, asked: Asked, after: Key | None, *, counted: bool, timeout_tries: int | None = None) -> Rows:
        def decode(body: bytes) -> Rows:
            page = decode_rows(body, self._options.strict_json_bytes)
            return Rows(page, keys_of(page, after))

        arguments = None if asked.arguments is None else msgspec.json.encode(dict(asked.arguments))
        try:
            return self._http.request(
                "GET" if arguments is None else "POST",
                asked.endpoint,
                self._options.base_path + asked.endpoint,
                asked.params,
                Expected(decode, of_postgrest, [text for text in asked.hidden if text], _with_total),
                content=arguments,
                timeout_tries=timeout_tries,
                headers=self._headers(arguments is not None, counted),
                reads_only=True,
            ).value
        except BeyondTheEnd:
            return Rows(Envelope([], [], None, None), [])

    def _headers(self, function: bool, counted: bool) -> dict[str, str]:
        headers = {"Prefer": "count=exact"} if counted else {}
        if self._options.db_schema:
            headers["Content-Profile" if function else "Accept-Profile"] = self._options.db_schema
        return headers


def _with_total(rows: Rows, content_range: str) -> Rows:
    return replace(rows, page=replace(rows.page, total=counted_rows(content_range, len(rows.page))))

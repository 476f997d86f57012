"""The CRM: customers, and the packages that they bought (CRM-01; vendor page, section 6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import msgspec

from sync_platform.core.errors import ConfigurationError, ContractBroken, InvalidRequest, VendorTimeout
from sync_platform.vendors.http import VendorHttp
from sync_platform.vendors.paging import RawPage
from sync_platform.vendors.postgrest import Asked, PostgrestApi, PostgrestOptions, postgrest_headers
from sync_platform.vendors.postgrest_filters import in_list, in_lists
from sync_platform.vendors.postgrest_rows import SMALLEST_PAGE, Key, Rows, read_set, read_table
from sync_platform.vendors.subwindows import TIMEOUTS_BEFORE_HALVING

# every account is a project of its own, with a host of its own
CRM_HOSTS: dict[str, str] = {}
_HASH = "stable_hash_id"
_ARGUMENT = "p_stable_hash_id"


@dataclass(frozen=True)
class CrmOptions:
    """Names of the CRM's objects, and sizes. ``in_list_size`` customers and ``max_url`` bytes make one call at most.

    ``packages_source``: a table is asked for many customers in one call, the function for one.
    """

    postgrest: PostgrestOptions = field(default_factory=PostgrestOptions)
    page_size: int = 1000
    in_list_size: int = 100
    max_url: int = 7000
    packages_source: Literal["table", "function"] = "table"
    packages_table: str = "packages"
    packages_function: str = "get_packages_by_hash_id"
    customers_table: str = "customers"
    customer_columns: tuple[str, ...] = ("id", "customer_name", "contact_number", "email", _HASH)

    def __post_init__(self) -> None:
        if self.page_size < 1 or self.in_list_size < 1:
            raise InvalidRequest("a page has at least one row, and a list at least one customer")
        if "id" not in self.customer_columns:
            raise InvalidRequest("customers are read in the order of their id: it has to be among the columns")


class _Whose(msgspec.Struct):
    stable_hash_id: Any = None


_WHOSE = msgspec.json.Decoder(_Whose)
crm_headers = postgrest_headers


class CrmClient:
    """One CRM project. The role of the key in ``http`` decides what it may see; hidden rows are silently absent."""

    def __init__(self, http: VendorHttp, options: CrmOptions) -> None:
        self._api, self._options = PostgrestApi(http, options.postgrest), options
        self._customers = Asked(options.customers_table, {"select": ",".join(options.customer_columns)})

    def customers(self, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
        """All customers by id. The last page is ``complete`` where the CRM's count says that all were seen.

        Takes the position of any page it yielded, to go on after it.
        """
        return read_table(partial(self._api.rows, self._customers), position, self._options.page_size)

    def packages(self, hashes: Sequence[str]) -> list[msgspec.Raw]:
        """Every package of these customers, each record with its ``stable_hash_id``, in no particular order.

        Raises ContractBroken where the count does not confirm that these are all, or where a package is of another
        customer: nothing may be made of such a set.
        """
        if self._options.packages_source == "function":
            return [record for value in dict.fromkeys(hashes) for record in self._packages_of([value])]
        return [record for part in self._parts(hashes) for record in self._packages_of(part)]

    def count_customers(self) -> int:
        """As the CRM counts them, for this key's role."""
        return self._api.count(self._customers)

    def count_packages(self, hashes: Sequence[str] | None = None) -> int:
        """Of these customers, or of all. Raises ConfigurationError for all where only the function may be read."""
        if self._options.packages_source == "function":
            if hashes is None:
                raise ConfigurationError("all packages can only be counted with crm.packages_source=table")
            return sum(self._api.count(self._function(value)) for value in dict.fromkeys(hashes))
        if hashes is None:
            return self._api.count(Asked(self._options.packages_table))
        return sum(self._api.count(self._table(part)) for part in self._parts(hashes))

    def visible_customers(self, hashes: Sequence[str]) -> set[str]:
        """Which of these the key is shown, a call per part of the list: an empty set of packages says nothing about a
        customer who is hidden as well."""
        seen: set[str] = set()
        for part in self._parts(hashes):
            asked = Asked(
                self._options.customers_table, {"select": f"id,{_HASH}", _HASH: in_list(part)}, hidden=tuple(part)
            )
            rows = read_set(partial(self._api.rows, asked), self._options.page_size, counted=False, smallest_page=1)
            seen.update(owner for record in rows if (owner := _whose(record)) in part)
        return seen

    def probe(self) -> dict[str, Any]:
        """Whether any customer can be seen, in one call: the cheapest proof that the key works."""
        return {"customers_visible": bool(self._api.first(Asked(self._options.customers_table, {"select": "id"})))}

    def packages_readable(self) -> str:
        """Proves in one call that packages may be read; says by what."""
        if self._options.packages_source == "function":
            # no customer has such a hash: what counts is that the function answers
            self._api.first(self._function("-"))
            return self._options.packages_function
        self._api.first(Asked(self._options.packages_table, {"select": f"id,{_HASH}"}))
        return self._options.packages_table

    def _packages_of(self, hashes: list[str]) -> list[msgspec.Raw]:
        """In two halves where the source is too slow for all of them; a single customer's in smaller pages."""
        function = self._options.packages_source == "function"
        asked = self._function(hashes[0]) if function else self._table(hashes)
        # None is of a record that cannot be read, which is not for this module to judge
        wanted, several = {*hashes, None}, len(hashes) > 1

        def fetch(after: Key | None, limit: int, timeout_tries: int | None) -> Rows:
            rows = self._api.rows(asked, after, limit, TIMEOUTS_BEFORE_HALVING if several else timeout_tries)
            if any(_whose(record) not in wanted for record in rows.page.records):
                raise ContractBroken(f"{asked.endpoint}: a package is of a customer who was not asked for")
            return rows

        size, counted = self._options.page_size, self._options.postgrest.count_rows
        try:
            found = read_set(fetch, size, counted=counted, smallest_page=size if several else SMALLEST_PAGE)
        except VendorTimeout:
            if not several:
                raise
            half = len(hashes) // 2
            return self._packages_of(hashes[:half]) + self._packages_of(hashes[half:])
        return [_naming(record, hashes[0]) for record in found] if function else found

    def _parts(self, hashes: Sequence[str]) -> Iterator[list[str]]:
        bare = self._api.url_bytes(Asked(self._options.packages_table, {_HASH: ""}))
        return in_lists(hashes, self._options.in_list_size, self._options.max_url - bare)

    def _table(self, hashes: Sequence[str]) -> Asked:
        return Asked(self._options.packages_table, {_HASH: in_list(hashes)}, hidden=tuple(hashes))

    def _function(self, value: str) -> Asked:
        return Asked(self._options.packages_function, {}, {_ARGUMENT: value}, hidden=(value,))


def _whose(record: msgspec.Raw) -> str | None:
    try:
        found = _WHOSE.decode(record).stable_hash_id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return found if isinstance(found, str) else None


def _naming(record: msgspec.Raw, value: str) -> msgspec.Raw:
    """The record of a function that does not repeat what it was asked for, with the hash before its other fields."""
    raw = bytes(record)
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return record
    if _HASH in fields:
        return record
    named = {_HASH: msgspec.Raw(msgspec.json.encode(value)), **fields}
    return msgspec.Raw(msgspec.json.encode(named))

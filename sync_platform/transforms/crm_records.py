"""The CRM's records as far as we read them (vendor page, section 6): exact, tolerant of everything else.

What is absent, what is null and what is blank are told apart (SYS-07): UNSET is a column that the CRM does not show.
"""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

CustomerId = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
# some projects number their packages, others name them; of what length is nobody's promise, and the key has an index
PackageId = Annotated[str | int, msgspec.Meta(extra={"json": "number text"})]
Hash = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
# "any format": a column that holds digits only may have become a number
Phone = Annotated[str | int | None, msgspec.Meta(extra={"json": "text number"})]

Text = str | None | UnsetType
Number = Decimal | None | UnsetType


class Customer(msgspec.Struct, gc=False):
    """gc=False: records are flat, and the collector has nothing to find in 100,000 of them."""

    id: CustomerId
    stable_hash_id: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    customer_name: str | None = None
    contact_number: Phone = None
    email: str | None = None


class Whose(msgspec.Struct, gc=False):
    """All that has to be known of a package to say whose it is."""

    stable_hash_id: Hash


class Package(msgspec.Struct, gc=False):
    """A row of the function or of the table. ``..._from_def`` is what a package's definition says, the other name of
    the same value what older rows carry."""

    id: PackageId
    stable_hash_id: Hash
    customer_name: Text = UNSET
    package_name_from_def: Text = UNSET
    package_name: Text = UNSET
    package_display_name_from_def: Text = UNSET
    package_display_name: Text = UNSET
    package_type_from_def: Text = UNSET
    package_type_name: Text = UNSET
    package_total_hours_from_def: Number = UNSET
    total_hours: Number = UNSET
    package_pax_from_def: Number = UNSET
    pax: Number = UNSET
    package_validity_period_from_def: Text = UNSET
    first_use_date: Text = UNSET
    expiration_date: Text = UNSET
    calculated_remaining_hours: Number = UNSET
    remaining_hours: Number = UNSET
    calculated_used_hours: Number = UNSET
    used_hours: Number = UNSET
    created_at_for_purchase_date: Text = UNSET

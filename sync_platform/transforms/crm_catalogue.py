"""Which fields the CRM's own objects are known to have, so that what is new is noticed (SYS-17)."""

CUSTOMER = frozenset("id customer_name contact_number email stable_hash_id".split())

PACKAGE = frozenset(
    """id crm_package_id customer_name stable_hash_id package_name_from_def package_name
    package_display_name_from_def package_display_name package_type_from_def package_type_name
    package_total_hours_from_def total_hours package_pax_from_def pax package_validity_period_from_def first_use_date
    expiration_date calculated_remaining_hours remaining_hours calculated_used_hours used_hours
    created_at_for_purchase_date""".split()
)

FIELDS: dict[str, dict[str, frozenset[str]]] = {"customers": {"": CUSTOMER}, "packages": {"": PACKAGE}}

# A function shows other columns than a table, and older rows other names: only of these absence says something.
ALWAYS_SENT: dict[str, dict[str, frozenset[str]]] = {
    "customers": {"": frozenset("id customer_name contact_number stable_hash_id".split())},
    "packages": {"": frozenset("id stable_hash_id".split())},
}

#: No column of the CRM is an enumeration: types and periods of packages are the tenant's own words.
VALUES: dict[str, dict[str, frozenset[str]]] = {"customers": {}, "packages": {}}

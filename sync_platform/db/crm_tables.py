"""The tables of the CRM as the loader sees them (CRM-12). Order of columns = order of the rows' values."""

from sync_platform.db.target import Target, columns

#: A copy of the CRM's own table, for matching: it says what the CRM says, so every field is ``always``. A customer
#: whose phone was removed there must not be found by it here.
CUSTOMERS = Target(
    "crm",
    "customers",
    ("customer_id",),
    columns(
        """customer_id:bigint stable_hash_id customer_name contact_number email content_hash:hash
        source_modified_at:time""",
        personal="stable_hash_id customer_name contact_number email",
    ),
    has_deleted=False,
)

#: A set is replaced by what one answer says of it, so a null of the CRM counts: ``keep`` would show hours of a package
#: beside dates of another time, and unlimited hours (null) could never be told. But a column that is absent or blank in
#: the answer says nothing about the package: the CRM shows it no longer, or reads another object. Hence ``accept``
#: (SYS-07) for all that describes a package, ``always`` for what says which one it is.
PACKAGES = Target(
    "crm",
    "packages",
    ("profile_id", "crm_package_id"),
    columns(
        """profile_id crm_package_id stable_hash_id customer_name package_name package_display_name package_type
        total_hours:money pax:money validity_period first_use_date:date expiration_date:date remaining_hours:money
        used_hours:money purchased_at:time content_hash:hash source_modified_at:time""",
        accept="""customer_name package_name package_display_name package_type total_hours pax validity_period
        first_use_date expiration_date remaining_hours used_hours purchased_at""",
        personal="stable_hash_id customer_name",
    ),
    has_deleted=False,
)

TABLES = {target.table: target for target in (CUSTOMERS, PACKAGES)}

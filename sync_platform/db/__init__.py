"""Speak SQL: pool, tenant scope, merge, migrations, ledger, quarantine, credentials."""

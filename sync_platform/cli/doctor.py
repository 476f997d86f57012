"""``sync-platform doctor``: what is wrong and what to do about it (CLI-06)."""

from typing import Annotated

import typer

from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.core.errors import ConfigurationError
from sync_platform.settings import load_settings
from sync_platform.sync.doctor import Finding, examine
from sync_platform.sync.platform import utc_now


def doctor(
    max_accounts: Annotated[
        int, typer.Option("--accounts", min=0, max=10_000, help="How many accounts to call at their source.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Check everything the platform stands on, from settings to sources. Exit code 1 if something is bad."""
    findings: list[Finding] = []
    with progress("doctor") as step:
        try:
            for finding in examine(load_settings(), clock=utc_now, max_accounts=max_accounts):
                findings.append(finding)
                step(f"{finding.name}: {finding.state}", len(findings))
        except ConfigurationError as error:
            findings.append(Finding("settings", "bad", str(error), "correct it; .env.example lists all settings"))
    bad = any(finding.state == "bad" for finding in findings)
    rows = [(finding.state, finding.name, finding.detail, finding.remedy) for finding in findings]
    emit({"ok": not bad, "findings": findings}, as_json, table_of("", "what", "found", "what to do", rows=list(rows)))
    if bad:
        raise typer.Exit(1)

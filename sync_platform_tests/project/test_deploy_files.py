"""The files in ``deploy/`` say what the page says: one door, no secrets, commands that exist (DAG-21, SEC-22)."""

import re
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from sync_platform.cli.commands import COMMANDS
from sync_platform.settings import PREFIX
from sync_platform_tests.project.secret_scan import ROOT
from sync_platform_tests.project.settings_page import settings

DEPLOY = ROOT / "deploy"
UNITS = sorted(path.name for path in (DEPLOY / "systemd").glob("*.service"))
KNOWN = {setting.name for setting in settings()} | {f"{PREFIX}SECRETS_DIR"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def unit(name: str) -> dict[str, list[str]]:
    """The section of the service; a name may be given several times."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text(encoding="utf-8").partition("[Service]")[2].splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_only_the_proxy_has_ports_and_dagster_is_behind_the_sign_in(compose: dict[str, Any]) -> None:
    """DAG-21."""
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert services["dagster"]["command"] == ["up", "--no-demo"]  # the UI listens on its own loopback address
    assert [name for name, one in services.items() if one.get("network_mode") == "service:dagster"] == ["oauth2-proxy"]
    assert services["oauth2-proxy"]["environment"]["OAUTH2_PROXY_ALLOWED_GROUPS"].startswith("${OPERATORS_GROUP:?")
    assert services["proxy"]["environment"]["DAGSTER_UPSTREAM"] == "dagster:4180"
    assert compose["networks"]["inside"]["internal"] is True
    assert services["database"]["networks"] == ["inside"]


def test_the_proxy_asks_before_every_request_to_dagster() -> None:
    """DAG-21: what is handed on to Dagster stands behind the question in the same block."""
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    block = text.partition("{$DAGSTER_HOST}")[2]
    assert block.index("forward_auth") < block.index("{$DAGSTER_UPSTREAM")
    assert text.count("{$DAGSTER_UPSTREAM") == 1
    assert re.search(r"@inside path /metrics\s+respond @inside 404", text)


def test_secrets_are_files_and_no_file_here_has_one(compose: dict[str, Any]) -> None:
    """SEC-22."""
    for name, secret in compose["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    secret_settings = {setting.lower() for setting in KNOWN}
    assert {name for name in compose["secrets"] if name.startswith("sync_platform_")} <= secret_settings
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            assert not re.search(
                r"(password|secret|token)\s*[:=]\s*['\"]?[A-Za-z0-9+/_-]{16,}", path.read_text(), re.I
            ), path


def test_every_command_and_setting_of_the_compose_file_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        if "build" in service:
            assert service["command"][0] in COMMANDS
            assert {name for name in service["environment"] if name.startswith(PREFIX)} <= KNOWN


@pytest.mark.parametrize("name", UNITS)
def test_units_start_what_there_is_without_rights(name: str) -> None:
    """SEC-22: secrets are handed over as files; the environment has none."""
    service = unit(name)
    for command in service["ExecStart"]:
        program, *arguments = command.split()
        assert Path(program).name in ("sync-platform", "pg_dump")
        assert Path(program).name != "sync-platform" or arguments[0] in COMMANDS
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["ProtectSystem"] == ["strict"]
    for value in service.get("Environment", []):
        assert {pair.partition("=")[0] for pair in value.split()} <= KNOWN
    for value in service.get("LoadCredential", []):
        credential, _, path = value.partition(":")
        assert (credential.upper() in KNOWN, Path(path).name) == (True, credential)


def test_every_unit_is_read_as_sections_of_names_and_values() -> None:
    for path in (DEPLOY / "systemd").iterdir():
        parser = RawConfigParser(strict=False)
        parser.read_string(path.read_text(encoding="utf-8"))
        assert "Unit" in parser.sections()


def test_the_page_names_every_file() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for name in ("compose.yaml", "Caddyfile", "systemd/*.service", "sync-platform-backup.timer", "pg_cron.sql"):
        assert name in page

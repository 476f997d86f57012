"""The lock of the JavaScript clients that judge a stand-in and the service."""

import json

from sync_platform_tests.project.secret_scan import ROOT

JUDGES = ROOT / "sync_platform_tests" / "judges"


def test_the_lock_has_a_hash_for_every_package_and_no_address() -> None:
    """PKG-03: it is installed from whatever registry the machine has."""
    text = (JUDGES / "package-lock.json").read_text()
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert {"node_modules/@supabase/functions-js", "node_modules/@supabase/postgrest-js"} <= set(packages)
    assert all(one["integrity"].startswith("sha512-") and one["version"] for one in packages.values())
    assert "://" not in text


def test_the_lock_is_that_of_the_named_packages() -> None:
    """PKG-03: `make lock` writes it again."""
    wanted = json.loads((JUDGES / "package.json").read_text())["dependencies"]
    assert json.loads((JUDGES / "package-lock.json").read_text())["packages"][""]["dependencies"] == wanted

"""The scan for secrets finds what it should, and finds nothing in this repository."""

import base64
import random
import string
import subprocess

import pytest

from sync_platform_tests.project import secret_scan

# put together at run time: written out, they would be findings themselves
_RANDOM = random.Random(20261121)


def _letters(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(_RANDOM.choices(alphabet, k=length - 4)) + "7x7Q"[:4]


PLANTED = {
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "AWS key": "AKIA" + "ABCDEFGH23456789",
    "GitHub token": "ghp" + "_" + _letters(36),
    "GitLab token": "glpat" + "-" + _letters(20),
    "Slack token": "xoxb" + "-123456789012-" + _letters(12),
    "payment key": "sk" + "_live_" + _letters(24),
    "Google key": "AIza" + _letters(35),
    "database service key": "sb" + "_secret_" + _letters(24),
    "JSON web token": "eyJ" + _letters(20) + ".eyJ" + _letters(30) + "." + _letters(43),
    "Fernet key": base64.urlsafe_b64encode(_RANDOM.randbytes(32)).decode(),
    "password in a URL": "postgresql" + "://loader:" + _letters(12) + "@db.internal/shop",
    "assigned secret": "partner" + '_key = "' + _letters(32) + '"',
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_secret_is_found_and_not_repeated(what):
    """SEC-22."""
    found = list(secret_scan.scan_text("settings.py", f"first line\nvalue: {PLANTED[what]}\n"))
    assert what in {finding.what for finding in found}
    assert {finding.line for finding in found} == {2}
    assert PLANTED[what] not in " ".join(map(str, found))


@pytest.mark.parametrize(
    "line",
    [
        "Authorization" + ": " + "3f9c1d7a5b2e4f60817263544a5b6c7d",
        "headers = {'Authorization'" + ": 'Bearer 3f9c1d7a5b2e4f60817263544a5b6c7d'}",
        "SYNC_PLATFORM_MASTER_KEYS" + "=3f9c1d7a5b2e4f60817263544a5b6c7d",
        '"shop_key"' + ': "3f9c1d7a5b2e4f60817263544a5b6c7d",',
        "password" + "=3f9c1d7a5b2e4f608172",
    ],
)
def test_a_secret_is_found_however_it_is_assigned(line):
    """SEC-22."""
    assert list(secret_scan.scan_text(".env", line))


@pytest.mark.parametrize(
    "line",
    [
        "partner_key = secrets['partner_key']",
        'partner_key = "invented-partner-key-0001"',
        "authorization=request.headers.get('authorization')",
        'url = "postgresql://user:canary-pass-1234@db.example/shop"',
        "SYNC_PLATFORM_MASTER_KEYS=",
        "--hash=sha256:0a30ef8f5322a4173720ae6712dc9a5e58f5a19868f3f167b4b5778db066c2b5",
    ],
)
def test_names_invented_values_and_hashes_are_no_findings(line):
    assert list(secret_scan.scan_text("code.py", line)) == []


def test_no_file_of_the_repository_holds_a_secret():
    """SEC-22."""
    paths = secret_scan.tracked_files()
    assert len(paths) > 100
    assert [str(finding) for finding in secret_scan.scan(paths)] == []


def test_a_secret_in_a_tracked_file_is_found_by_its_place(tmp_path):
    """SEC-22: file listing, reading and pattern together."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "notes.txt").write_text("\n\n" + PLANTED["AWS key"] + "\n")
    (tmp_path / "image.png").write_bytes(b"\0" + PLANTED["AWS key"].encode())
    (tmp_path / "untracked.txt").write_text(PLANTED["AWS key"])
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "sub", "image.png"], check=True)
    found = secret_scan.scan(secret_scan.tracked_files(tmp_path), tmp_path)
    assert [str(finding) for finding in found] == ["sub/notes.txt:3: AWS key"]

"""Nothing in the repository is true of one machine only."""

import re

import pytest

from sync_platform_tests.project.secret_scan import ROOT, tracked_files

# each pattern has a one-letter class in it, so that it does not match its own text
LOCAL = {
    "somebody's folder": re.compile(r"(?<![\w.:*])/(?:[r]oot|[h]ome/\w+|[U]sers/\w+|[w]ork)/"),
    "a file address": re.compile(r"\b[f]ile:///"),
    "a package index": re.compile(
        r"https?://\S+/[s]imple\b|(?<!emit-)\b[i]ndex[-_]url\b|[f]ind-links[= ]\S+:/", re.IGNORECASE
    ),
}


@pytest.mark.parametrize("what", LOCAL)
def test_no_file_names_a_place_of_one_machine(what):
    """PKG-03: a fresh clone works anywhere."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if b"\0" not in path.read_bytes()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LOCAL[what].search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("somebody's folder", "see /" + "root/notes"),
        ("somebody's folder", 'path = "/' + 'home/ann/shop"'),
        ("a file address", "fi" + "le:///etc/hosts"),
        ("a package index", "--extra-in" + "dex-url https://packages.example/x"),
        ("a package index", "--find-li" + "nks https://packages.example/wheels"),
        ("a package index", "https://packages.example/sim" + "ple"),
    ],
)
def test_a_place_of_one_machine_would_be_found(what, text):
    assert LOCAL[what].search(text)


@pytest.mark.parametrize(("lock", "fewest"), [("requirements.lock", 50), ("requirements-bench.lock", 20)])
def test_every_package_of_the_lock_has_an_exact_version_and_hashes(lock, fewest):
    """PKG-03: installing needs `--require-hashes`."""
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert len(blocks) > fewest
    assert [
        block.split()[0] for block in blocks if not re.match(r"[a-z0-9._-]+==\S+.*--hash=sha256:", block, re.S)
    ] == []

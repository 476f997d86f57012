"""The page of roles and permissions says what a migrated database holds."""

import re

import pytest

from sync_platform.db.access import matrix
from sync_platform.db.pool import Database
from sync_platform.sync.permissions import PEOPLE_ONLY
from sync_platform_tests.project.permissions_page import PAGE, with_matrix


def test_the_matrix_of_the_page_is_that_of_the_database(database: Database, pytestconfig: pytest.Config):
    """TEN-22, DOC-02: ``pytest --write-inventory`` with this file writes it again."""
    with database.transaction(role="sp_web") as conn:
        cells = matrix(conn)
        roles = [row[0] for row in conn.execute("select role from platform.roles order by rank desc")]
    text = PAGE.read_text(encoding="utf-8")
    wanted = with_matrix(text, roles, cells)
    if pytestconfig.getoption("--write-inventory"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted


def test_the_page_says_what_no_token_can_have():
    """SEC-20."""
    line = re.search(r"No token can have (.+?)\.\n", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert line is not None
    assert set(re.findall(r"`([a-z_.]+)`", line[1])) == PEOPLE_ONLY

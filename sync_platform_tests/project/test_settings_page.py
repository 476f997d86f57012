"""The list of settings in ``.env.example`` and ``docs/settings.md`` is the model's."""

import re
from pathlib import Path

import pytest

from sync_platform.core.errors import ConfigurationError
from sync_platform.settings import PREFIX, Settings, load_settings
from sync_platform_tests.project import settings_page
from sync_platform_tests.project.setting_meanings import MEANINGS

EXAMPLE = settings_page.ROOT / ".env.example"
LINE = re.compile(rf"#({PREFIX}[A-Z0-9_]+)=(.*)")


def example_lines() -> list[tuple[str, str]]:
    matches = (LINE.fullmatch(line) for line in EXAMPLE.read_text().splitlines())
    return [(match[1], match[2]) for match in matches if match]


def test_the_written_pages_are_those_of_the_model():
    """CFG-01, DOC-02: `make settings` writes them again."""
    assert settings_page.stale() == []


def test_the_example_names_every_setting_once_and_gives_none_a_value():
    """CFG-01."""
    names = [name for name, _ in example_lines()]
    assert names == sorted(set(names), key=names.index)
    assert {value for _, value in example_lines()} == {""}
    top = {name.removeprefix(PREFIX).lower().split("__")[0] for name in names}
    assert top == set(Settings.model_fields)


def test_a_copy_of_the_example_changes_nothing(tmp_path: Path):
    """CFG-01."""
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE.read_text())
    assert load_settings(_env_file=copy) == load_settings(_env_file=None)


def test_every_name_of_the_example_is_one_that_a_file_may_set(tmp_path: Path):
    """CFG-01: the names are real, so that giving one a value has an effect."""
    for setting in settings_page.settings():
        if setting.default:
            (tmp_path / ".env").write_text(f"{setting.name}={setting.default}\n")
            assert load_settings(_env_file=tmp_path / ".env") == load_settings(_env_file=None)


def test_no_meaning_outlives_its_setting():
    """DOC-02."""
    assert set(MEANINGS) <= {setting.path for setting in settings_page.settings()}


@pytest.mark.parametrize("group", ["", "HTTP__", "BLAZE__", "SYNC__"])
def test_a_misspelt_name_in_a_file_is_refused(tmp_path: Path, group: str):
    """CFG-01."""
    (tmp_path / ".env").write_text(f"{PREFIX}{group}PAGE_SICE=100\n")
    with pytest.raises(ConfigurationError, match=r"(?i)page_sice"):
        load_settings(_env_file=tmp_path / ".env")

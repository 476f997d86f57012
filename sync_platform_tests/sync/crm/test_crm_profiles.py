"""Profiles are kept as the tenant's own application says them, from calls and from files."""

from pathlib import Path

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.profiles import ProfileFacts, Saved
from sync_platform.sync.platform import Platform
from sync_platform.sync.profiles import profiles_of_file, read_profiles, save_profiles

ANN = ProfileFacts("p-1", "Ann Example", "+66 81 234 5678", "ann@example.org")


def stored(platform: Platform, tenant: Tenant) -> list[tuple[str | None, ...]]:
    return [(one.profile_id, one.full_name, one.phone, one.email) for one in read_profiles(platform, tenant)]


def test_saving_the_same_profile_again_writes_nothing(platform: Platform, tenant: Tenant):
    """SYS-05."""
    assert save_profiles(platform, tenant, [ANN]) == Saved(added=1, changed=0)
    before = read_profiles(platform, tenant)
    assert save_profiles(platform, tenant, [ANN]) == Saved(added=0, changed=0)
    assert read_profiles(platform, tenant) == before


@pytest.mark.parametrize("nothing", [None, "", "  \t", "\x00"])
def test_what_is_not_said_does_not_overwrite_what_is_stored(platform: Platform, tenant: Tenant, nothing: str | None):
    """SYS-07."""
    save_profiles(platform, tenant, [ANN])
    changed = save_profiles(platform, tenant, [ProfileFacts("p-1", "Ann Sample", nothing, nothing)])
    assert changed == Saved(added=0, changed=1)
    assert stored(platform, tenant) == [("p-1", "Ann Sample", "+66 81 234 5678", "ann@example.org")]


def test_whether_a_person_is_active_is_taken_as_said(platform: Platform, tenant: Tenant):
    """SYS-07: ``active`` is one of the fields that are always taken."""
    save_profiles(platform, tenant, [ANN])
    save_profiles(platform, tenant, [ProfileFacts("p-1", active=False)])
    (only,) = read_profiles(platform, tenant)
    assert (only.active, only.full_name) == (False, "Ann Example")


def test_of_one_profile_given_twice_the_later_counts_blanks_aside(platform: Platform, tenant: Tenant):
    """SYS-05, SYS-07."""
    save_profiles(platform, tenant, [ANN, ProfileFacts(" p-1 ", "Ann Sample")])
    assert stored(platform, tenant) == [("p-1", "Ann Sample", "+66 81 234 5678", "ann@example.org")]


def test_a_dry_run_counts_what_would_be_written(platform: Platform, tenant: Tenant):
    """SYS-20."""
    save_profiles(platform, tenant, [ANN])
    many = [ANN, ProfileFacts("p-2", "Ben Example"), ProfileFacts("p-1", phone="+66 89 000 0000")]
    assert save_profiles(platform, tenant, many, dry_run=True) == Saved(added=1, changed=1)
    assert len(read_profiles(platform, tenant)) == 1


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (ProfileFacts("  "), "profile_id is blank"),
        (ProfileFacts("p" * 101), "profile_id has more than 100"),
        (ProfileFacts("p-1", "n" * 301), "full_name has more than 300"),
        (ProfileFacts("p-1", phone="0" * 61), "phone has more than 60"),
        (ProfileFacts("p-1", email="e" * 321), "email has more than 320"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_the_name_of_its_field(
    platform: Platform, tenant: Tenant, facts: ProfileFacts, said: str
):
    with pytest.raises(InvalidRequest, match=said):
        save_profiles(platform, tenant, [ProfileFacts("p-0", "Zoe Example"), facts])
    assert read_profiles(platform, tenant) == []


def test_the_web_role_may_save_a_profile(platform: Platform, tenant: Tenant):
    """TEN-03: a login is noted without the loader's rights."""
    assert save_profiles(platform, tenant, [ANN], role="sp_web") == Saved(added=1, changed=0)
    assert save_profiles(platform, tenant, [ProfileFacts("p-1", "Ann Sample")], role="sp_web").changed == 1


def test_a_tenant_sees_and_changes_only_its_own_profiles(platform: Platform, tenant: Tenant, other_tenant: Tenant):
    """TEN-04: equal ids of two tenants do not meet."""
    save_profiles(platform, tenant, [ANN])
    assert read_profiles(platform, other_tenant) == []
    assert save_profiles(platform, other_tenant, [ProfileFacts("p-1", "Somebody Else")]) == Saved(added=1, changed=0)
    assert stored(platform, tenant)[0][1] == "Ann Example"


def test_only_the_profiles_that_are_asked_for_are_read(platform: Platform, tenant: Tenant):
    save_profiles(platform, tenant, [ProfileFacts(f"p-{number}") for number in range(5)])
    assert [one.profile_id for one in read_profiles(platform, tenant, ["p-3", "p-1", "nobody"])] == ["p-1", "p-3"]
    assert len(read_profiles(platform, tenant, limit=2)) == 2


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_is_read_with_its_columns_in_any_order(tmp_path: Path):
    path = write(tmp_path, 'Email;profile_id;full_name\n;p-1;"Example; Ann"\n\nb@example.org; p-2 ;Bén\n')
    assert profiles_of_file(path) == [
        ProfileFacts("p-1", "Example; Ann"),
        ProfileFacts("p-2", "Bén", email="b@example.org"),
    ]


def test_all_mistakes_of_a_file_are_named_by_their_lines_without_their_values(tmp_path: Path):
    path = write(
        tmp_path,
        f"profile_id,full_name,phone\np-1,Ann,1\n,Nameless,2\np-1,Again,3\np-2,Short\np-3,{'Long' * 100},4\np-4,ok,5\n",
    )
    with pytest.raises(InvalidRequest) as refused:
        profiles_of_file(path)
    assert str(refused.value) == (
        "people.csv was not imported: line 3: profile_id is blank; it is how the application knows the person; "
        "line 4: is about the same profile as line 2; line 5: has 2 values, the header has 3; "
        "line 6: full_name has more than 300 characters"
    )


def test_a_file_of_mistakes_names_the_first_twenty(tmp_path: Path):
    path = write(tmp_path, "profile_id,phone\n" + ",1\n" * 30)
    with pytest.raises(InvalidRequest, match=r"line 21: .*; and 10 more$"):
        profiles_of_file(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty"), ("full_name\nAnn\n", "lacks profile_id"), ("profile_id,card\np-1,1\n", "unknown columns")],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str, said: str):
    with pytest.raises(InvalidRequest, match=said):
        profiles_of_file(write(tmp_path, content))

"""What an owner of the database can do to an audit chain, and the place where it has to be found (F-68)."""

from collections.abc import Callable

from sync_platform_tests.sync.audit_vandal import OTHER_VALUES, Vandal

Place = tuple[set[str], int]
Tampering = Callable[[Vandal], Place]


def one_deleted(vandal: Vandal) -> Place:
    entry = vandal.entry()
    vandal.delete(entry, entry)
    return {"missing"}, entry


def several_deleted(vandal: Vandal) -> Place:
    first = vandal.entry()
    vandal.delete(first, vandal.entry(first))
    return {"missing"}, first


def changed(vandal: Vandal) -> Place:
    entry, column = vandal.entry(), vandal.random.choice([*OTHER_VALUES])
    vandal.change(entry, column)
    return {"changed"}, entry


def changed_with_its_hash(vandal: Vandal) -> Place:
    entry, column = vandal.entry(), vandal.random.choice([*OTHER_VALUES])
    vandal.change(entry, column)
    vandal.rehash(entry)
    return {"changed"}, entry


def given_another_hash(vandal: Vandal) -> Place:
    entry = vandal.entry()
    vandal.run(
        "update platform.audit_log set hash = sha256(hash) where tenant_id = %(tenant)s and id = %(id)s", id=entry
    )
    return {"changed"}, entry


def given_away(vandal: Vandal) -> Place:
    """To another tenant: as the owner who switched row security off."""
    entry = vandal.entry()
    vandal.run(
        "update platform.audit_log set tenant_id = gen_random_uuid() where tenant_id = %(tenant)s and id = %(id)s",
        id=entry,
    )
    return {"missing"}, entry


def swapped(vandal: Vandal) -> Place:
    first = vandal.entry(1, vandal.entries - 1)
    second = vandal.entry(first + 1)
    for entry, to in ((first, -1), (second, first), (-1, second)):
        vandal.move(entry, to)
    return {"changed"}, first


def swapped_with_their_hashes(vandal: Vandal) -> Place:
    first = vandal.entry(1, vandal.entries - 2)
    second = vandal.entry(first + 2)
    vandal.run(
        """
        update platform.audit_log e
        set at = o.at, actor = o.actor, action = o.action, subject = o.subject, detail = o.detail
        from platform.audit_log o
        where e.tenant_id = %(tenant)s and o.tenant_id = e.tenant_id
          and (e.id, o.id) in ((%(first)s, %(second)s), (%(second)s, %(first)s))
        """,
        first=first,
        second=second,
    )
    vandal.rehash(first)
    vandal.rehash(second)
    return {"changed"}, first


def moved_to_another_place(vandal: Vandal) -> Place:
    """One entry goes behind later ones, which move up."""
    first = vandal.entry(1, vandal.entries - 1)
    last = vandal.entry(first + 1)
    vandal.move(first, -1)
    vandal.shift(first + 1, last, -1)
    vandal.move(-1, last)
    return {"changed"}, first


def inserted_before_all(vandal: Vandal) -> Place:
    place = vandal.entry(-50, 0)
    vandal.copy(vandal.entry(), place)
    return {"inserted"}, place


def inserted_between(vandal: Vandal) -> Place:
    """The new entry agrees with its hash and the one before, so the next one is the first that does not hold."""
    place = vandal.entry()
    vandal.shift(place, vandal.entries, 1)
    vandal.copy(vandal.entry(1, place - 1) if place > 1 else place + 1, place)
    return {"changed"}, place + 1


def inserted_at_the_end(vandal: Vandal) -> Place:
    vandal.copy(vandal.entry(), vandal.entries + 1)
    return {"inserted"}, vandal.entries + 1


def cut(vandal: Vandal) -> Place:
    """The end is gone, and the head says so: the newest anchor knows better."""
    first = vandal.entry(2, vandal.anchored[-1])
    vandal.delete(first, vandal.entries)
    vandal.end(first - 1)
    return {"missing"}, first


def cut_and_written_again(vandal: Vandal) -> Place:
    """Everything from some entry on, with head and with the anchors in the table. Left are those in the file."""
    first = vandal.entry(1, vandal.anchored[-1])
    vandal.change(first, "actor")
    vandal.run(
        """
        do $$
        declare v_entry platform.audit_log; v_hash bytea;
        begin
            for v_entry in select * from platform.audit_log where tenant_id = platform.current_tenant() order by id loop
                v_entry.prev_hash := v_hash;
                v_hash := platform.audit_hash(v_entry);
                update platform.audit_log set prev_hash = v_entry.prev_hash, hash = v_hash
                where tenant_id = v_entry.tenant_id and id = v_entry.id;
            end loop;
        end
        $$
        """
    )
    vandal.end(vandal.entries)
    vandal.run(
        """
        update platform.audit_anchors a set hash = e.hash from platform.audit_log e
        where a.tenant_id = %(tenant)s and e.tenant_id = a.tenant_id and e.id = a.last_id
        """
    )
    return {"rewritten"}, max([0, *(entry for entry in vandal.anchored if entry < first)]) + 1


def anchor_changed(vandal: Vandal) -> Place:
    entry = vandal.random.choice(vandal.anchored)
    what = vandal.random.choice(["delete from platform.audit_anchors", "update platform.audit_anchors set hash = ''"])
    vandal.run(what + " where tenant_id = %(tenant)s and last_id = %(id)s", id=entry)
    return {"anchor"}, entry


def head_changed(vandal: Vandal) -> Place:
    wrong = vandal.random.choice([entry for entry in range(vandal.entries + 30) if entry != vandal.entries])
    vandal.run("update platform.audit_heads set entries = %(wrong)s where tenant_id = %(tenant)s", wrong=wrong)
    return ({"missing"}, vandal.entries + 1) if wrong > vandal.entries else ({"inserted"}, wrong + 1)


def head_deleted(vandal: Vandal) -> Place:
    vandal.run("delete from platform.audit_heads where tenant_id = %(tenant)s")
    return {"head"}, vandal.entries


TAMPERINGS: tuple[Tampering, ...] = (
    one_deleted,
    several_deleted,
    changed,
    changed_with_its_hash,
    given_another_hash,
    given_away,
    swapped,
    swapped_with_their_hashes,
    moved_to_another_place,
    inserted_before_all,
    inserted_between,
    inserted_at_the_end,
    cut,
    cut_and_written_again,
    anchor_changed,
    head_changed,
    head_deleted,
)

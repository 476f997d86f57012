"""PostgREST's small languages in an address: lists, conditions, trees of conditions, orders, selections."""

import re
from dataclasses import dataclass
from typing import Literal

from sync_platform.sandbox.crm_refusals import PgrstRefusal, unparsable

COMPARED = ("gt", "gte", "lt", "lte", "match", "imatch")
OPERATORS = ("eq", "neq", "like", "ilike", "isdistinct", *COMPARED, "in", "is")
# PostgREST has these, and the tables have no column that they make sense for
OTHERS = ("cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj", "fts", "plfts", "phfts", "wfts")
IS_VALUES = ("null", "not_null", "true", "false", "unknown")
NAME = re.compile(r"[\w $-]+")


@dataclass(frozen=True)
class Condition:
    """``column operator value``; ``values`` of a list."""

    column: str
    operator: str
    value: str
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True)
class Tree:
    """Conditions joined by ``and`` or ``or``."""

    joint: Literal["and", "or"]
    parts: tuple["Condition | Tree", ...]
    negated: bool = False


@dataclass(frozen=True)
class Ordering:
    """One column of an order."""

    column: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class Chosen:
    """One item of a selection: a column with its cast, or a table with a selection of its own (``embedded``)."""

    name: str
    alias: str
    cast: str = ""
    embedded: tuple["Chosen", ...] | None = None
    inner: bool = False


def has_operator(text: str) -> bool:
    """Whether a value is a condition, not an argument of a function."""
    first, *rest = re.sub(r"^(\w+)\((?:any|all)\)", r"\1", text).split(".")
    return first in (*OPERATORS, *OTHERS) if rest and first != "not" else bool(rest) and len(rest) > 1


def condition(column: str, text: str, *, quoted: bool = False) -> Condition | Tree:
    """``not.eq.5``; ``like(any).{a*,b*}``. In trees and lists a value may be in double quotes; elsewhere they belong to
    it."""
    negated, rest = text.startswith("not."), text.removeprefix("not.")
    operator, dot, value = rest.partition(".")
    several = re.fullmatch(r"(\w+)\((any|all)\)", operator)
    operator = several[1] if several else operator
    if not dot or operator not in OPERATORS or (several and operator not in ("eq", "like", "ilike", *COMPARED)):
        reason = f"unknown single value operator {operator}" if dot else "expecting operator (eq, gt, ...)"
        raise unparsable("filter", text, reason)
    if several:
        if not (value.startswith("{") and value.endswith("}")):
            raise unparsable("filter", text, "malformed array literal")
        parts = [Condition(column, operator, unquoted(one)) for one in split(value[1:-1], text)]
        return Tree("or" if several[2] == "any" else "and", tuple(parts), negated)
    if operator == "in":
        if not (value.startswith("(") and value.endswith(")")):
            raise unparsable("filter", text, 'expecting "("')
        return Condition(column, operator, value, tuple(unquoted(one) for one in split(value[1:-1], text)), negated)
    if operator == "is" and value.lower() not in IS_VALUES:
        raise unparsable("filter", text, "expecting null or trilean value (unknown, true, false)")
    return Condition(column, operator, unquoted(value) if quoted else value, (), negated)


def tree(joint: str, text: str) -> Tree:
    """``or=(a.eq.1,and(b.gt.2,c.is.null))``; ``joint`` is ``or``, ``and``, or either of them after ``not.``"""
    negated, plain = joint.startswith("not."), joint.removeprefix("not.")
    if not (text.startswith("(") and text.endswith(")")) or len(text) < 3:
        raise unparsable("logic tree", text, 'expecting "("')
    parts = tuple(_part(one, text) for one in split(text[1:-1], text))
    return Tree("or" if plain == "or" else "and", parts, negated)


def _part(text: str, whole: str) -> Condition | Tree:
    text = text.strip(" ")
    nested = re.match(r"((?:not\.)?(?:and|or))(\(.*\))$", text, re.DOTALL)
    if nested:
        return tree(nested[1], nested[2])
    column, dot, rest = text.partition(".")
    if not dot:
        raise unparsable("logic tree", whole, "expecting field name, operator and value")
    return condition(unquoted(column), rest, quoted=True)


def split(text: str, whole: str) -> list[str]:
    """Cut at commas that are in no quotes and no brackets. An empty text is no item at all."""
    items, current, depth, in_quotes, escaped = [], "", 0, False, False
    for sign in text:
        if in_quotes:
            in_quotes = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif sign == '"' and (not current or current[-1] in ".(,"):
            in_quotes = True
        elif sign in "({":
            depth += 1
        elif sign in ")}":
            depth -= 1
        if sign == "," and depth == 0 and not in_quotes:
            items.append(current)
            current = ""
        else:
            current += sign
    if in_quotes or depth != 0:
        raise unparsable("list", whole, "unexpected end of input")
    return [*items, current] if items or current else []


def unquoted(text: str) -> str:
    """A value without its double quotes; inside of them a backslash keeps the next sign."""
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def ordering(text: str) -> list[Ordering]:
    """``updated_at.desc.nullslast,id.asc``. Nulls are last when ascending and first when descending."""
    found = []
    for one in split(text, text):
        column, *rest = one.strip(" ").split(".")
        descending = rest[:1] == ["desc"]
        rest = rest[1:] if rest[:1] in (["asc"], ["desc"]) else rest
        nulls_first = rest == ["nullsfirst"] if rest else descending
        if not NAME.fullmatch(column) or rest not in ([], ["nullsfirst"], ["nullslast"]):
            raise unparsable("order", text, "expecting delimiter (.), nulls or ordering direction (asc or desc)")
        found.append(Ordering(column, descending, nulls_first))
    return found


def selection(text: str) -> tuple[Chosen, ...]:
    """``id,name:customer_name,contact_number::text,packages!inner(id)``."""
    return tuple(_chosen(one.strip(" "), text) for one in split(text, text))


def _chosen(text: str, whole: str) -> Chosen:
    if re.search(r"(^|\.)(count|sum|avg|max|min)\(\)", text):
        raise PgrstRefusal(400, "PGRST123", "Use of aggregate functions is not allowed")
    head, bracket, rest = text.partition("(")
    alias, colon, name = re.sub("::", "\0", head).partition(":")
    if not colon:
        alias, name = "", alias
    name, _, kind = name.replace("\0", "::").partition("::")
    relation, *hints = name.split("!")
    if not (relation == "*" or NAME.fullmatch(relation)) or (bracket and not rest.endswith(")")):
        raise unparsable("select parameter", whole, f'unexpected "{text[:1]}"')
    if not bracket:
        if hints:
            raise unparsable("select parameter", whole, 'unexpected "!"')
        return Chosen(relation, alias or relation, kind)
    inside = selection(rest[:-1]) if rest != ")" else ()
    return Chosen(relation, alias or relation, "", inside, "inner" in hints)

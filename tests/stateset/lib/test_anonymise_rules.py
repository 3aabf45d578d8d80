"""Pseudonyms: the same for the same value, and never the value."""

from __future__ import annotations

import pytest
from django.core.validators import validate_email

from stateset.lib.anonymise_rules import (
    ADDRESS,
    CODE,
    COMPANY,
    EMAIL,
    FAMILY_NAME,
    GIVEN_NAME,
    LABEL,
    PASSWORD,
    PERSON,
    PHONE,
    POSTAL_CODE,
    PROVINCE,
    Pseudonyms,
    Rule,
    own_keys,
)

NAMES = Pseudonyms(b"a key of a test")
OTHER = Pseudonyms(b"the key of another copy")


def made(rule: Rule, value: object) -> object:
    return rule.of(value, NAMES)


@pytest.mark.parametrize(
    ("rule", "value", "same"),
    [
        (EMAIL, "ada@q.example", "ADA@Q.example "),
        (GIVEN_NAME, "Ada", "ADA"),
        (COMPANY, "Quimby Ltd", " quimby ltd"),
        (PHONE, "+49 30 12", "+49-(30)-12"),
        (CODE, "1Z999", "1Z999"),
    ],
)
def test_the_same_value_has_the_same_pseudonym(
    rule: Rule, value: str, same: str
) -> None:
    assert made(rule, value) == made(rule, same)
    assert made(rule, value) != rule.of(value, OTHER)
    assert made(rule, value) not in (value, made(rule, f"{value}7"))


def test_a_person_has_the_names_of_its_parts() -> None:
    whole = f"{made(GIVEN_NAME, 'Ada')} {made(FAMILY_NAME, 'van Quimby')}"
    assert made(PERSON, "Ada van Quimby") == whole
    assert made(PERSON, "Quimby") == made(FAMILY_NAME, "Quimby")


def test_e_mails_and_codes_of_many_are_as_many() -> None:
    many = [f"{number}@q.example" for number in range(5000)]
    assert len({made(EMAIL, each) for each in many}) == len(many)
    assert len({made(CODE, each) for each in many}) == len(many)
    validate_email(str(made(EMAIL, many[0])))


def test_codes_keep_their_shape_and_phones_reach_nobody() -> None:
    code = str(made(POSTAL_CODE, "SW1A-1aa"))
    assert [code[2].isdigit(), code[4], code[5].isdigit(), code[6:].islower()] == [
        True,
        "-",
        True,
        True,
    ]
    assert len(str(made(PROVINCE, "CA"))) == 2
    assert str(made(PHONE, "030 1")).startswith("+1 ")
    assert " 555 01" in str(made(PHONE, "030 1"))


def test_nothing_stays_nothing() -> None:
    for value in ("", "  ", None, 7, "[redacted]"):
        assert made(EMAIL, value) == value


def test_json_has_a_rule_for_each_name_at_any_depth() -> None:
    assert made(ADDRESS, {"country_code": "DE", "note": ["call Ada", 7]}) == {
        "country_code": "DE",
        "note": ["(removed)", 7],
    }
    assert made(ADDRESS, '{"country_code": "DE", "deep": {"note": "Ada"}}') == (
        '{"country_code": "DE", "deep": {"note": "(removed)"}}'
    )
    assert made(ADDRESS, "{not JSON") == "(removed)"


def test_keys_of_the_code_stay_and_those_from_outside_go() -> None:
    key = "cart:01a221c3-219c-735d-9cb0-d47f3e03f931"
    assert made(own_keys("cart"), key) == key
    assert made(own_keys("return"), key) == made(CODE, key)
    assert made(own_keys("cart"), "cart:ada") == made(CODE, "cart:ada")


def test_programs_act_under_their_names_and_people_do_not() -> None:
    assert made(LABEL, "task dbops.backup") == "task dbops.backup"
    assert made(LABEL, "seed_demo") == "seed_demo"
    assert made(LABEL, "ada@q.example") == made(EMAIL, "ada@q.example")
    assert made(LABEL, "ada (changepassword)") == made(CODE, "ada (changepassword)")


def test_no_password_fits() -> None:
    assert str(made(PASSWORD, "pbkdf2_sha256$1$x$y")).startswith("!")

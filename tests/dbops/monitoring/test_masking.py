from __future__ import annotations

import pytest

from dbops.monitoring.masking import masked, shown_statement


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT * FROM t2 WHERE id = 17", "SELECT * FROM t2 WHERE id = ?"),
        ("WHERE mail = 'ann@shop.example'", "WHERE mail = ?"),
        ("WHERE name = 'O''Hara' AND x", "WHERE name = ? AND x"),
        (r"WHERE name = E'O\'Hara' AND x", "WHERE name = ? AND x"),
        ("WHERE a = N'x' OR b = U&'y'", "WHERE a = ? OR b = ?"),
        ("WHERE body = $$it's$$ AND x", "WHERE body = ? AND x"),
        ("WHERE body = $tag$ $$ $tag$", "WHERE body = ?"),
        ("WHERE id = $1 AND n = -1.5e-3", "WHERE id = $1 AND n = -?"),
        ('SELECT "Weird 7"."o""k"', 'SELECT "Weird 7"."o""k"'),
        ("SELECT 1 -- of ann\n+ 2", "SELECT ?  \n+ ?"),
        ("SELECT /* ann */ x", "SELECT   x"),
        ("WHERE name = 'cut off her", "WHERE name = ?"),
        ("WHERE body = $$cut off her", "WHERE body = ?"),
        ("SELECT x /* cut off her", "SELECT x  "),
        (r"WHERE name = E'cut off\\"[:-1], "WHERE name = ?"),
    ],
)
def test_values_and_comments_are_masked(statement: str, shown: str) -> None:
    assert masked(statement) == shown


def test_a_statement_is_shown_on_one_short_line() -> None:
    shown = shown_statement("SELECT\n  x,\t'y'\n" + ", column" * 100)
    assert shown is not None
    assert shown.startswith("SELECT x, ? , column, column")
    assert len(shown) == 150
    assert shown.endswith("…")


def test_a_statement_is_shown_whole_where_that_is_asked_for() -> None:
    assert shown_statement("SELECT\n 'y'", whole=True) == "SELECT 'y'"


def test_a_hidden_statement_stays_hidden() -> None:
    assert shown_statement(None) is None

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from stateset import env

NAME = "APP__SAMPLE"


@pytest.fixture(autouse=True)
def _known_names_stay_as_they_are() -> Iterator[None]:
    before = dict(env.KNOWN)
    yield
    env.KNOWN.clear()
    env.KNOWN.update(before)


def test_an_unset_or_empty_variable_gives_the_default(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    assert env.env_str(NAME, "blue") == "blue"
    monkeypatch.setenv(NAME, "")
    assert env.env_str(NAME, "blue", choices=("blue",)) == "blue"
    assert env.env_int(NAME, 7) == 7
    assert env.env_bool(NAME, default=True) is True
    assert env.env_list(NAME, ("a",)) == ["a"]
    assert env.env_duration(NAME, "5m") == timedelta(minutes=5)
    assert env.env_secret(NAME) == ""


def test_a_choice_must_be_one_of_those_allowed(monkeypatch):
    monkeypatch.setenv(NAME, "green")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_str(NAME, "blue", choices=("blue", "red"))
    assert str(caught.value) == ("APP__SAMPLE is 'green': allowed is one of blue, red.")


@pytest.mark.parametrize("text", ["0", "101", "ten", "1.5", "", "٣", "1_0"])
def test_a_number_outside_its_limits_is_refused(monkeypatch, text):
    monkeypatch.setenv(NAME, text)
    if not text:
        assert env.env_int(NAME, 5, minimum=1) == 5
        return
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_int(NAME, 5, minimum=1, maximum=100)
    assert str(caught.value) == (
        f"APP__SAMPLE is {text!r}: allowed is a whole number 1 to 100."
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("YES", True), ("1", True), ("off", False), ("0", False)],
)
def test_the_usual_words_are_true_or_false(monkeypatch, text, value):
    monkeypatch.setenv(NAME, text)
    assert env.env_bool(NAME, default=not value) is value


def test_another_word_is_neither_true_nor_false(monkeypatch):
    monkeypatch.setenv(NAME, "perhaps")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_bool(NAME, default=False)
    assert str(caught.value) == (
        "APP__SAMPLE is 'perhaps': allowed is one of "
        "true, 1, yes, on, false, 0, no, off."
    )


def test_a_list_is_split_at_commas_and_blanks_are_dropped(monkeypatch):
    monkeypatch.setenv(NAME, " shop.example , ,www.shop.example,")
    assert env.env_list(NAME) == ["shop.example", "www.shop.example"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1500ms", 1.5), ("30s", 30), ("5m", 300), ("4h", 14400), ("7d", 604800)],
)
def test_a_time_span_has_a_unit(monkeypatch, text, seconds):
    monkeypatch.setenv(NAME, text)
    assert env.env_duration(NAME, "1s") == timedelta(seconds=seconds)


def test_a_time_span_without_unit_is_in_seconds(monkeypatch):
    monkeypatch.setenv(NAME, "600")
    assert env.env_duration(NAME, "1s") == timedelta(minutes=10)


@pytest.mark.parametrize("text", ["5 minutes", "-5s", "1.5h", "0s", "9999999999d"])
def test_a_time_span_written_otherwise_is_refused(monkeypatch, text):
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_duration(NAME, "1s", minimum=timedelta(seconds=1))
    assert str(caught.value) == (
        f"APP__SAMPLE is {text!r}: allowed is a time span of at least 1s, "
        "as 30s, 5m, 4h or 7d."
    )


def test_networks_are_read_and_a_bad_one_is_named(monkeypatch):
    monkeypatch.setenv(NAME, "10.0.0.7, fd00::/8")
    assert env.env_networks(NAME) == [ip_network("10.0.0.7"), ip_network("fd00::/8")]
    monkeypatch.setenv(NAME, "10.0.0.7, 10.0.0.300")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_networks(NAME)
    assert str(caught.value) == (
        "APP__SAMPLE is '10.0.0.300': allowed is a list of addresses and networks, "
        "as 10.0.0.7, 10.1.0.0/16."
    )


def test_a_path_is_taken_from_the_root(monkeypatch):
    monkeypatch.setenv(NAME, "kept/here")
    assert env.env_path(NAME, "x", root=Path("/srv")) == Path("/srv/kept/here")
    monkeypatch.setenv(NAME, "/kept/there")
    assert env.env_path(NAME, "x", root=Path("/srv")) == Path("/kept/there")


def test_a_secret_comes_from_a_file_without_its_newline(monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_text(" pass word \n")
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    assert env.env_secret(NAME) == " pass word "


def test_a_secret_set_twice_is_refused_without_showing_it(monkeypatch):
    monkeypatch.setenv(NAME, "hunter2")
    monkeypatch.setenv(f"{NAME}_FILE", "/run/secrets/sample")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_secret(NAME)
    assert str(caught.value) == (
        "APP__SAMPLE and APP__SAMPLE_FILE are both set: set only one of them."
    )


def test_a_secret_file_that_is_missing_is_named(monkeypatch, tmp_path):
    file = tmp_path / "missing"
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    with pytest.raises(ImproperlyConfigured) as caught:
        env.env_secret(NAME)
    assert str(caught.value) == (
        f"APP__SAMPLE_FILE is {str(file)!r}, which cannot be read "
        "(No such file or directory): allowed is the path of a readable file that "
        "holds the secret."
    )


def test_a_generated_secret_is_private_and_stays_the_same(tmp_path):
    path = tmp_path / "var" / "secret-key"
    first = env.generated_secret(path)
    assert len(first) >= 50
    assert env.generated_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret-key"]


def test_a_name_that_nothing_reads_is_found_with_the_likeliest_meant(monkeypatch):
    monkeypatch.setenv("APP__DATABASE_URI", "postgres://localhost/stateset")
    monkeypatch.setenv("APP__XYZZY", "1")
    unknown = env.unknown_names()
    assert unknown["APP__DATABASE_URI"] == "APP__DATABASE_URL"
    assert unknown["APP__XYZZY"] == ""
    assert "APP__DATABASE_URL" not in unknown

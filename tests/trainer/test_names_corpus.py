"""The default corpus, as it is in the repository, and the rules that made it."""

from __future__ import annotations

import re

import pytest

from trainer.data.make_names import OUT, names_in, strings


def test_the_corpus_is_sorted_distinct_and_clean() -> None:
    text = OUT.read_bytes().decode("ascii")
    names = text.splitlines()
    assert text == "".join(f"{name}\n" for name in names)
    assert len(names) >= 15_000
    assert names == sorted(set(names))
    assert [name for name in names if not re.fullmatch("[a-z]{2,15}", name)] == []


def test_the_rules_keep_every_name_of_the_corpus() -> None:
    assert [name for name in OUT.read_text(encoding="ascii").split() if names_in(name) != [name]] == []


def test_the_readme_states_the_count() -> None:
    count = len(OUT.read_text(encoding="ascii").split())
    assert f"{count:,} names" in OUT.with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Anne-Sophie", ["anne", "sophie"]),
        ("Þórður", ["thordur"]),
        ("Łukasz", ["lukasz"]),
        ("Đorđe", ["dorde"]),
        ("Søren", ["soren"]),
        ("Ægir", ["aegir"]),
        ("Işık", ["isik"]),
        ("İlqar", ["ilqar"]),
        ("Bəhruz", ["bahruz"]),
        ("Phượng", ["phuong"]),
        ("CHENG-EN", ["cheng", "en"]),
        ("María de los Ángeles", ["maria", "angeles"]),
        ("Del", ["del"]),
        ("Ndung'u", ["ndungu"]),
        ("Asma’u", ["asmau"]),
        ("H.-Dieter", ["dieter"]),
        ("Emine.", ["emine"]),
        ("Dr. Klaus-D.", ["klaus"]),
        ("N˜zamett˜n", []),
        ("Иван", []),
        ("வருண்குமாH", []),
        ("Aaaqil", []),
        ("abcdefghijklmnop", []),
        ("", []),
    ],
)
def test_a_name_becomes(written: str, names: list[str]) -> None:
    assert names_in(written) == names


def test_strings_are_found_in_every_shape_a_provider_uses() -> None:
    assert list(strings(({"a": 0.5, "b": 2}, ["c", ("d", "e")], "fg"))) == ["a", "b", "c", "d", "e", "fg"]

"""The tavern's grammar: every line it can make is sound and fits, and it recognises those lines and no others."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import cache
from math import prod
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.tavern import (
    MAX_LENGTH,
    MAX_LINES,
    MIN_LENGTH,
    NAME,
    RULES,
    Coherence,
    coherence,
    language_size,
    lines,
    main,
    parses,
)
from trainer.text.alphabet import FONT
from trainer.text.corpus import read_corpus

LINES = lines(1000, seed=7)
CROWN = "a sly goblin hid the silver crown under the old bridge"


@cache
def derivations(rule: str, text: str) -> int:
    """In how many ways the rule makes the text: the grammar read by its definition, slowly."""
    return sum(_derivations_of(alternative, text) for alternative in RULES[rule])


@cache
def _derivations_of(alternative: str, text: str) -> int:
    name = NAME.search(alternative)
    if name is None:
        return alternative == text
    if not text.startswith(alternative[: name.start()]):
        return 0
    rest, tail = alternative[name.end() :], text[name.start() :]
    return sum(
        count * _derivations_of(rest, tail[end:])
        for end in range(1, len(tail) + 1)
        if (count := derivations(name[0], tail[:end]))
    )


def length(rule: str, choose: Callable[[Iterable[int]], int]) -> int:
    """The length of the shortest (min) or longest (max) text of a rule."""
    return choose(
        len(NAME.sub("", text)) + sum(length(name, choose) for name in NAME.findall(text)) for text in RULES[rule]
    )


@pytest.mark.slow
def test_every_line_parses_and_is_distinct() -> None:
    made = lines(50_000, seed=0)
    assert len(set(made)) == 50_000
    assert [line for line in made if not parses(line)] == []
    assert [line for line in made if not MIN_LENGTH <= len(line) <= MAX_LENGTH] == []


def test_no_line_of_the_language_is_too_short_or_too_long() -> None:
    assert length("LINE", min) >= MIN_LENGTH
    assert length("LINE", max) == MAX_LENGTH == 63


def test_the_symbols_are_few_and_in_the_font() -> None:
    symbols = set(NAME.sub("", "".join(text for texts in RULES.values() for text in texts)))
    assert symbols == set(" ,abcdefghijklmnopqrstuvwxyz")
    assert symbols <= FONT


def test_every_rule_is_used_and_no_alternative_is_repeated() -> None:
    used = {name for texts in RULES.values() for text in texts for name in NAME.findall(text)}
    assert used == set(RULES) - {"LINE"}
    assert [rule for rule, texts in RULES.items() if len(set(texts)) < len(texts)] == []
    assert [rule for rule, texts in RULES.items() if "" in texts] == []


def test_whatever_takes_an_s_has_a_regular_plural() -> None:
    plural = {name for texts in RULES.values() for text in texts for name in re.findall(r"([A-Z_]+)s\b", text)}
    assert plural == {"BEAST", "GOOD", "HERO"}
    assert [text for rule in plural for text in RULES[rule] if re.search("([sxzyf]|[cs]h)$", text)] == []


def test_articles_and_numbers_agree_with_what_follows() -> None:
    numbers = "|".join(RULES["NUMBER"])
    for line in LINES:
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", line), line
        if re.search(rf"\b({numbers})\b", line):
            assert re.search(rf"\b({numbers}) ([a-z]+ )?[a-z]+s\b", line), line


def test_the_same_seed_makes_the_same_lines_and_more_lines_begin_with_them() -> None:
    assert lines(1000, seed=7) == LINES
    assert lines(10, seed=7) == LINES[:10]
    assert lines(10, seed=8) != LINES[:10]
    assert lines(0, seed=7) == []


@pytest.mark.parametrize("count", [-1, MAX_LINES + 1])
def test_more_lines_than_are_made_at_once_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} lines: from 0 to {MAX_LINES}"):
        lines(count, seed=0)


def test_the_language_is_far_larger_than_any_text_made_of_it() -> None:
    assert language_size() == 238_519_816
    assert language_size() > 200 * MAX_LINES
    assert language_size("THE_RELIC") == prod(len(RULES[rule]) for rule in ("SILVER", "CROWN"))


@pytest.mark.slow
def test_every_line_is_made_in_one_way_so_the_size_counts_lines() -> None:
    assert [line for line in LINES[:200] if derivations("LINE", line) != 1] == []


@pytest.mark.parametrize(
    "line",
    [
        CROWN,
        "bring three glow moths to the witch of reed marsh",
        "when it rains, goblins play cards behind the tavern",
        "the moon blade sings when a huge dragon is near",
    ],
)
def test_a_line_parses(line: str) -> None:
    assert parses(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        CROWN + "\n",
        CROWN + " ",
        " " + CROWN,
        CROWN + ".",
        CROWN.upper(),
        CROWN + CROWN,
        f"{CROWN}\n{CROWN}",
        CROWN.replace("a sly", "an sly"),
        CROWN.replace("a sly", "a old"),
        CROWN.replace("hid", "hidden"),
        CROWN.replace("goblin", "gobbin"),
        CROWN.replace("crown", "bridge"),
        CROWN.replace("the silver", "a silver"),
        CROWN.replace("sly goblin", "goblin sly"),
        "a sly goblin hid the silver crown",
        "bring three glow moth to the witch of reed marsh",
        "bring one glow moths to the witch of reed marsh",
        "bring three glow moths to the goblin of reed marsh",
        "the moon blade sings when two dragons is near",
        "the BEAST BOSS of LAND",
    ],
)
def test_a_near_miss_does_not_parse(line: str) -> None:
    assert not parses(line)


def test_no_line_less_a_letter_or_a_word_is_a_line() -> None:
    for line in LINES:
        words = line.split(" ")
        shorter = [line[:at] + line[at + 1 :] for at in range(len(line))]
        shorter += [" ".join(words[:at] + words[at + 1 :]) for at in range(len(words))]
        assert [text for text in shorter if parses(text)] == [], line


@pytest.mark.slow
@given(st.sampled_from(LINES), st.sampled_from(LINES), st.integers(0, 12), st.integers(0, 12))
def test_the_expression_is_the_grammar(first: str, second: str, cut: int, joint: int) -> None:
    text = " ".join(first.split(" ")[:cut] + second.split(" ")[joint:])
    assert parses(text) == (derivations("LINE", text) == 1)


def test_near_misses_are_refused_quickly() -> None:
    near_misses = [line[:-1] + "!" for line in LINES]
    start = time.process_time()
    assert not any(map(parses, near_misses))
    assert time.process_time() - start < 1


def test_coherence_counts_what_parses_and_what_of_it_is_new() -> None:
    learnt, unseen = LINES[:500], LINES[500:510]
    made = [*learnt[:5], *unseen, unseen[0], "", "a sly goblin", learnt[0].upper()]
    assert coherence(made, learnt) == Coherence(parsed=16, new=11, total=19)
    assert coherence([], learnt) == Coherence(parsed=0, new=0, total=0)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["tavern", *arguments])
    main()


def test_the_file_is_a_text_that_a_context_of_64_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "tavern.txt"
    run(monkeypatch, str(path), "--lines", "1000", "--seed", "7")
    assert capsys.readouterr().out == f"{path}: 1000 lines\n"
    assert path.read_bytes() == "".join(f"{line}\n" for line in LINES).encode()
    assert read_corpus(path).n_cut(64) == 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "Missing argument 'OUT'"),
        (["text.txt", "--lines", "0"], 2, "Invalid value for '--lines'"),
        (["text.txt", "--lines", "1000001"], 2, "Invalid value for '--lines'"),
        (["text.txt", "--seed", "x"], 2, "Invalid value for '--seed'"),
        (["folder", "--lines", "9"], 1, "folder is a directory: give the file itself"),
        (["old.txt/text.txt", "--lines", "9"], 1, "cannot write old.txt/text.txt"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("old.txt").write_text("old")
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, *arguments)
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (status, "")
    assert err.startswith(f"tavern: {message}")
    assert err.count("\n") == 1
    assert {path.name for path in tmp_path.rglob("*")} == {"folder", "old.txt"}

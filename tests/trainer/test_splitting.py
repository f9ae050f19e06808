"""A text becomes documents as it says: lines, paragraphs or one running text, of any size, cleaned and checked."""

from __future__ import annotations

import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.errors import InputError
from trainer.text.alphabet import FONT
from trainer.text.corpus import MAX_HELD_OUT, read_corpus, split
from trainer.text.splitting import BLOCK, KINDS, MAX_LENGTH, PIECE, Reading

POEMS = "\ufeffRosen\r\n  auf den Weg gestreut  \r\n\r\n \r\nund des Harms\nvergessen\n"
shown = st.text(st.sampled_from(sorted(FONT)), min_size=1, max_size=30)


def written(tmp_path: Path, text: str, name: str = "text.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def test_each_kind_cuts_a_text_in_its_own_way(tmp_path: Path) -> None:
    path = written(tmp_path, POEMS)
    assert list(Reading("lines").read(path))[:2] == ["Rosen", "  auf den Weg gestreut  "]
    assert list(Reading("paragraphs").read(path)) == [
        "Rosen\n  auf den Weg gestreut",
        "und des Harms\nvergessen",
    ]
    (block,) = Reading("stream").read(path)
    assert block == POEMS[1:].replace("\r", "")


@given(st.lists(shown.filter(str.strip), min_size=1, max_size=20))
def test_documents_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(texts), encoding="utf-8")
    assert list(Reading("lines").read(path)) == [unicodedata.normalize("NFC", text) for text in texts]
    assert "".join(Reading("stream").read(path)) == "\n".join(texts)
    path.write_text("\n\n".join(texts), encoding="utf-8")
    assert list(Reading("paragraphs").read(path)) == [text.rstrip() for text in texts]


def test_a_text_longer_than_a_piece_is_cut_nowhere(tmp_path: Path) -> None:
    lines = [f"line {number} é" for number in range(PIECE // 6)]
    path = written(tmp_path, "\n".join(lines))
    assert path.stat().st_size > 2 * PIECE
    assert list(Reading().read(path)) == lines
    blocks = list(Reading("stream").read(path))
    assert "".join(blocks) == "\n".join(lines)
    assert {len(block) for block in blocks[:-1]} == {BLOCK}


def test_letters_and_accents_apart_are_put_together_and_case_is_folded_if_asked(tmp_path: Path) -> None:
    path = written(tmp_path, unicodedata.normalize("NFD", "ÉTÉ à Köln\nÉté À KÖLN\n"))
    assert read_corpus(path).documents == ("ÉTÉ à Köln", "Été À KÖLN")
    assert read_corpus(path, Reading(fold_case=True)).documents == ("été à köln",)


@pytest.mark.parametrize(
    ("before", "character", "place", "advice"),
    [
        ("ab\nabc", "’", "line 2: the cartridge's font has no '’' (U+2019) in column 4", 'write "\'" for it'),
        ("", "ő", "line 1: the cartridge's font has no 'ő' (U+0151) in column 1", "write 'o' for it"),
        ("x" * 40, "日", "line 1: the cartridge's font has no '日' (U+65E5) in column 41", "remove or replace it"),
        ("", "½", "has no '½' (U+00BD)", "write '1/2' for it"),
        ("", "ﬁ", "has no 'ﬁ' (U+FB01)", "write 'fi' for it"),
        ("", "²", "has no '²' (U+00B2)", "remove or replace it"),
        ("", "\u0301", "has no '\u0301' (U+0301)", "remove or replace it"),
        ("ab\n" * PIECE + "é", "\t", f"line {PIECE + 1}: the cartridge's font has no '\\t' (U+0009)", "write ' '"),
        ("a" * 2 * PIECE, "€", f"in column {2 * PIECE + 1}", "remove or replace it"),
    ],
)
def test_a_character_without_a_glyph_is_named_with_its_place(
    tmp_path: Path, before: str, character: str, place: str, advice: str
) -> None:
    path = written(tmp_path, f"{before}{character} and more\n")
    with pytest.raises(InputError) as caught:
        read_corpus(path, Reading("stream"))
    assert place in str(caught.value) and advice in str(caught.value) and "\n" not in str(caught.value)


def test_all_characters_without_a_glyph_are_named_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a½½\n" * PIECE + "zoł\n日½ł’\n")
    with pytest.raises(InputError) as caught:
        read_corpus(path)
    line, known = PIECE + 1, "(printable ASCII and the letters of Latin-1 are there)"
    assert str(caught.value).endswith(
        f"line 1: the cartridge's font has no '½' (U+00BD) in column 2: write '1/2' for it {known}; "
        f"nor 'ł' (U+0142, line {line}: remove or replace it), "
        f"'日' (U+65E5, line {line + 1}: remove or replace it), "
        f"'’' (U+2019, line {line + 1}: write \"'\" for it)"
    )
    path = written(tmp_path, "".join(map(chr, range(0x4E00, 0x4E00 + 500))))
    with pytest.raises(InputError, match="and 487 more characters"):
        read_corpus(path)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("lines", "one distinct line: one more is needed to measure the held-out loss$"),
        ("paragraphs", "one distinct paragraph: .* put blank lines between paragraphs, or choose lines"),
        ("stream", "one distinct block: .* a block has 2,048 characters, so for a short text choose lines"),
    ],
)
def test_a_text_too_short_for_its_documents_says_what_one_is(kind: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(["once upon a time"], 0.1, Reading(kind))


def test_a_document_without_end_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "short\n" + "ab " * MAX_LENGTH)
    with pytest.raises(InputError, match=r"line 2 has more than .* choose --documents stream"):
        read_corpus(path)
    path = written(tmp_path, "ab\n" * (MAX_LENGTH // 2))
    with pytest.raises(InputError, match="line 349526: a paragraph of more than"):
        read_corpus(path, Reading("paragraphs"))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match="documents are 'pages': they must be one of lines, paragraphs, stream"):
        Reading.of({"documents": "pages"})
    assert [Reading.of(Reading(kind, True).notes) for kind in KINDS] == [Reading(kind, True) for kind in KINDS]


def test_of_a_large_text_a_sample_is_kept_that_depends_on_the_documents_alone(tmp_path: Path) -> None:
    lines = [f"document {number}" for number in range(20_000)]
    limit, path = 300_000, written(tmp_path, "\n".join(lines))
    tracemalloc.start()
    corpus = read_corpus(path, limit=limit)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert corpus.n_lines == len(lines) and 0.02 < corpus.share < 0.2
    assert 0.5 < len(corpus.documents) / (corpus.share * len(lines)) < 2
    assert peak < limit + 8 * PIECE
    other = read_corpus(written(tmp_path, "\n".join(reversed(lines + lines)), "other.txt"), limit=limit)
    assert set(other.documents) == set(corpus.documents) and other.share == corpus.share
    assert read_corpus(path).share == 1


def test_what_is_held_out_of_a_large_text_is_limited() -> None:
    training, held_out = split([f"{number:04} {'x' * 10_000}" for number in range(1200)])
    assert sum(map(len, held_out)) <= MAX_HELD_OUT < sum(map(len, held_out)) + 10_005
    assert len(training) + len(held_out) == 1200

"""Anything in a file is data: a changed file of any format is read as it is, or refused in one line.

tests/soak/mutations.py does the same for hours, with every field and every value.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.mutations import Victim, judge, victims

NAMES = (
    *("weights", "weights with pieces", "model", "schoolbook model", "checkpoint", "sidecar", "safetensors"),
    *("config.json", "tokenizer.json", "model.safetensors", "config.json of GPT-2"),
    *("tokenizer.json of GPT-2", "vocab.json", "merges.txt", "GPT-2", "ckpt.pt", "meta.pkl", "points", "results"),
    *("llama2.c 1", "llama2.c 0", "llama2.c tokenizer", "rom", "debug file"),
)
SYSTEMATIC, RANDOM = 30, 8
"""Changes of each format: the suite has seconds."""

Files = tuple[Path, dict[str, Victim]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("files")
    return folder, victims(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_field_of_another_kind_is_one_line(files: Files, name: str) -> None:
    folder, found = files
    assert tuple(found) == NAMES
    changes = list(found[name].systematic())
    refused = [not judge(folder, found[name], change) for change in Random(name).sample(changes, SYSTEMATIC)]
    assert any(refused)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=RANDOM, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changes_at_random_are_one_line(files: Files, name: str, seed: int) -> None:
    folder, found = files
    judge(folder, found[name], found[name].random(Random(seed)))

"""No advice in circles: what quantize makes, build takes, however large a weight."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snesgpt.selection.kernel_choice import choose
from tests.support.models import llama_config, llama_weights
from tests.support.outliers import CONFIGS, LARGEST_ROM, built_or_refused, with_outliers
from trainer.errors import InputError


@pytest.mark.slow
@pytest.mark.parametrize("family", CONFIGS)
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_quantize_makes_build_takes_however_large_a_weight(family: str, seed: int) -> None:
    with TemporaryDirectory() as folder:
        built_or_refused(with_outliers(family, np.random.default_rng(seed)), Path(folder))


@pytest.mark.parametrize("name", ["layer0.wq", "layer0.wk"])
@pytest.mark.parametrize("size", [5e3, 5e5])
def test_large_queries_and_keys_are_refused_in_a_line_that_names_them(name: str, size: float) -> None:
    weights = llama_weights(llama_config(12, 7, 16, (4, 2), 1, 20))
    weights.tensors[name][3, 5] = size
    with pytest.raises(InputError, match=r"layer0\.(wq|q|rotary \(query\)).* (is|reach) [\d.e+-]+"):
        choose(weights, "auto", LARGEST_ROM)

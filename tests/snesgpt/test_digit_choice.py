"""How many digits a llama gets."""

from __future__ import annotations

import pytest

from asm.cost.predict import predict
from snesgpt.selection.digit_choice import CLOSE_ENOUGH, choose_digits
from tests.support.models import llama_config, llama_weights


@pytest.mark.parametrize("faster", [1.02, 1.05, 1.1, 1.2])
def test_a_speed_between_all_digits_and_few_is_found(faster: float) -> None:
    weights = llama_weights(llama_config(20, 12, 16, (4, 2), 1, 24))
    rates: list[float] = []
    for wanted in (None, faster):
        choice = choose_digits(weights, 4096, wanted and rates[0] * wanted)
        prediction = predict(choice.layout)
        assert prediction is not None
        rates.append(prediction.tokens_per_second)
    assert faster <= rates[1] / rates[0] <= faster * CLOSE_ENOUGH

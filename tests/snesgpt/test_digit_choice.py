"""How many digits a llama gets."""

from __future__ import annotations

import pytest

from asm.cost.predict import predict
from asm.layout import plan
from snesgpt.selection.digit_choice import BANK_KIB, CLOSE_ENOUGH, choose_digits, digits_per_weight
from tests.support.models import llama_config, llama_weights
from trainer.errors import InputError


@pytest.mark.slow
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


ROOM = llama_weights(llama_config(20, 6, 64, (4, 2), 1, 400))
"""With all digits it takes more than 512 KiB."""


@pytest.mark.slow
def test_a_rom_that_is_too_small_for_all_digits_gets_as_many_as_fit() -> None:
    all_digits, fewer = (choose_digits(ROOM, rom_size, None) for rom_size in (4096, 512))
    assert all_digits.layout.used_banks * BANK_KIB > 512
    assert fewer.layout.image_bytes == 512 * 1024
    assert fewer.layout.used_banks * BANK_KIB * CLOSE_ENOUGH + BANK_KIB > 512
    assert 1 < digits_per_weight(fewer.model) < digits_per_weight(all_digits.model)
    assert plan(fewer.proved).image_bytes == fewer.layout.image_bytes


def test_a_rom_that_is_too_small_for_any_is_refused_with_the_sizes() -> None:
    with pytest.raises(
        InputError, match=r"[\d.]+ digits a weight take \d+ KiB, 64 KiB are asked for.*smaller shape"
    ):
        choose_digits(ROOM, 64, None)

"""What is said of numbers that are too large: it helps, for the model that it is said of."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from quantize.convert import convert
from tests.support.models import digit_weights, gpt2_config, gpt2_weights, llama_config, llama_weights
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import Array
from trainer.model.decoder import forward_logits
from trainer.weights import Weights

LLAMA = llama_weights(llama_config(20, 12, 32, (4, 2), 1, 48))
GPT2 = gpt2_weights(gpt2_config(20, 12, 32, 4, 1, 48))
STREAM = re.compile(r"divide wte \(not lm_head\), every wo and every fc2 by ([0-9.]+) before import")
PRODUCT = re.compile(r"divide (layer\d)\.fc3 by ([0-9.]+) and multiply layer\d\.fc2 by it before import")


def scaled(weights: Weights, **factors: float) -> Weights:
    """factors: last part of a tensor's name → what it is multiplied by."""
    tensors = {
        name: np.float32(factors.get(name.rpartition(".")[2], 1.0)) * tensor
        for name, tensor in weights.tensors.items()
    }
    return replace(weights, tensors=tensors)


def refusal(weights: Weights, kernel: str) -> str:
    """Empty where there is none."""
    try:
        convert(weights, kernel)
        return ""
    except InputError as error:
        return str(error)


def logits(weights: Weights) -> Array:
    tokens = np.array([[weights.config.bos, *range(10)]])
    return forward_logits(weights.tensors, weights.config, tokens)


@pytest.mark.parametrize(("name", "factor"), [("wte", 100), ("wo", 100), ("fc2", 100), ("fc3", 300)])
def test_a_llama_that_is_too_large_fits_after_what_is_advised_and_computes_the_same(
    name: str, factor: float
) -> None:
    loud = weights = scaled(LLAMA, **{name: factor})
    advised = []
    while said := refusal(weights, "digits"):
        advised.append(said)
        if found := STREAM.search(said):
            by = 1 / float(found[1])
            weights = scaled(weights, wte=by, wo=by, fc2=by)
        else:
            found = PRODUCT.search(said)
            assert found, said
            weights = scaled(weights, fc3=1 / float(found[2]), fc2=float(found[2]))
        assert len(advised) < 9, advised
    assert advised
    np.testing.assert_allclose(logits(weights), logits(loud), rtol=0.01, atol=0.01)


NOBODY_UNDOES = (
    (LLAMA, ("wq", "wk", "fc1", "lm_head")),
    (GPT2, ("wq", "wk", "fc1", "lm_head", "wq_bias", "fc1_bias", "lm_head_bias")),
)


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        pytest.param(weights, name, id=f"{weights.config.family} {name}")
        for weights, names in NOBODY_UNDOES
        for name in names
    ],
)
def test_where_nothing_undoes_a_scale_the_message_says_how_far_it_is(weights: Weights, name: str) -> None:
    said = refusal(scaled(weights, **{name: 3000.0}), "digits")
    found = re.search(
        r"that is ([0-9.]+) times too much, and only who trained this model can make it smaller", said
    )
    assert found and float(found[1]) > 1 and "weight decay" not in said


@pytest.mark.parametrize("name", ["wte", "wpe", "wo", "fc2", "wo_bias", "fc2_bias"])
@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_no_scale_of_a_gpt2_s_residual_stream_is_refused(name: str, factor: float) -> None:
    assert refusal(scaled(GPT2, **{name: factor}), "digits") == ""


def test_nor_is_a_token_or_a_position_that_no_text_had() -> None:
    tensors = {name: tensor.copy() for name, tensor in GPT2.tensors.items()}
    tensors["wte"][3] *= 300.0
    tensors["lm_head"][3], tensors["lm_head_bias"][3] = 0.0, -30.0
    assert refusal(replace(GPT2, tensors=tensors), "digits") == ""


def test_a_matrix_that_its_partner_makes_large_is_told_with_it() -> None:
    assert re.search(
        r"layer0\.wq\[\d+, \d+\] is \S+ once scaled with wk: a Q8", refusal(scaled(LLAMA, wk=1e4), "digits")
    )


@pytest.mark.parametrize("kernel", ["schoolbook", "digits"])
def test_who_trained_a_microgpt_can_train_it_again(kernel: str) -> None:
    weights = digit_weights(ModelConfig(5, 4, 8, 2, 1, 12))
    here = replace(weights, info={**weights.info, "steps": 5})
    for factors in ({"wte": 1000.0}, {"fc1": 60.0}):
        assert refusal(scaled(here, **factors), kernel).endswith("; train with more weight decay")
        assert refusal(scaled(weights, **factors), kernel).endswith("with more weight decay, where it was trained")

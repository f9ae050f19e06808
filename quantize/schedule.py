"""The forward pass as a list of blocks: followed by the integer model and by the code generator alike.

Another decoder is another list of the same blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from trainer.config import ModelConfig, bias_of

Part = tuple[int, int]
"""First and end of some elements of a vector."""


@dataclass(frozen=True)
class Named:
    """A block's name, and its layer; of a block outside the layers: none."""

    name: str
    layer: int = field(default=-1, kw_only=True)


@dataclass(frozen=True)
class Context(Named):
    """Find the longest context, of up to `tokens` tokens, that a memory knows of the text."""

    tokens: int


@dataclass(frozen=True)
class Embed(Named):
    """out = wte[token], and wpe[position] on top if `positions` are learned.

    tokens: of the longest context whose vector is added as well; 1: none is.
    """

    out: str
    positions: bool = True
    tokens: int = 1


@dataclass(frozen=True)
class Norm(Named):
    """out = source / rms(source)."""

    source: str
    out: str


@dataclass(frozen=True)
class Linear(Named):
    """out = weight · source, and the tensor `bias` on top. A cached output is kept for every position.

    inputs, outputs: first and end of the columns, and elements of the source, that take part, and of the rows, and
    elements of out; none: all.
    """

    weight: str
    source: str
    out: str
    cached: bool = False
    inputs: Part | None = None
    outputs: Part | None = None
    bias: str = ""


@dataclass(frozen=True)
class Rotary(Named):
    """Turn the query's and the key's pairs of dimensions by angles that grow with the position.

    The key is kept for every position, less the tensor `centre`.
    """

    query: str
    key: str
    keys: str
    centre: str


@dataclass(frozen=True)
class Attention(Named):
    """out = softmax(query · keysᵀ) · values, head by head, over the positions so far."""

    query: str
    keys: str
    values: str
    out: str


@dataclass(frozen=True)
class Activation(Named):
    """out = relu(out), its square, or one of the forms of gelu.

    part: first and end of the elements; none: all.
    """

    kind: str
    out: str
    part: Part | None = None


@dataclass(frozen=True)
class Gate(Named):
    """out = silu(gate) · up, cut where the next matrix needs a bound.

    part: as an activation's.
    """

    gate: str
    up: str
    out: str
    part: Part | None = None


@dataclass(frozen=True)
class Add(Named):
    """out = out + source. weight: the matrix whose sums these are, if no proof bounds out: then it is cut."""

    source: str
    out: str
    weight: str = ""


@dataclass(frozen=True)
class Recall(Named):
    """out = out + the logits of the known contexts, of up to `tokens` tokens."""

    out: str
    tokens: int


Block = Context | Embed | Norm | Linear | Rotary | Attention | Activation | Gate | Add | Recall


LOGITS, HEAD = "logits", "head"
"""The vector that the last block leaves, and that block; the block before it, where a memory has the last word."""


MAX_INPUTS = 48
"""More hidden units are computed in parts: so few fit a direct page, and their sums a word."""


def parts(inputs: int) -> tuple[Part, ...]:
    """First and end of each part, all but the last of one size."""
    size = -(-inputs // -(-inputs // MAX_INPUTS))
    return tuple((first, min(first + size, inputs)) for first in range(0, inputs, size))


@cache
def schedule(config: ModelConfig) -> tuple[Block, ...]:
    """The blocks of a model's family."""
    return RECIPES[config.family](config)


def microgpt(config: ModelConfig) -> tuple[Block, ...]:
    """Karpathy's microgpt: RMSNorm after the embedding and before each half of a layer, none at the end."""
    memory = config.memory
    tokens = memory.vectors if memory and memory.vectors else 1
    blocks: list[Block] = [Context("context", memory.longest)] if memory else []
    blocks += [Embed("embed", "residual", tokens=tokens), Norm("embed_norm", "residual", "residual")]
    for n in range(config.n_layer):
        p = f"layer{n}"
        layer: list[Block] = [
            Norm(f"{p}.attention_norm", "residual", "normed"),
            Linear(f"{p}.q", f"{p}.wq", "normed", "query"),
            Linear(f"{p}.k", f"{p}.wk", "normed", f"{p}.keys", cached=True),
            Linear(f"{p}.v", f"{p}.wv", "normed", f"{p}.values", cached=True),
            Attention(f"{p}.attention", "query", f"{p}.keys", f"{p}.values", "attended"),
            Linear(f"{p}.o", f"{p}.wo", "attended", "branch"),
            Add(f"{p}.attention_residual", "branch", "residual"),
            Norm(f"{p}.mlp_norm", "residual", "normed"),
            Linear(f"{p}.fc1", f"{p}.fc1", "normed", "hidden"),
            Activation(f"{p}.activation", config.activation, "hidden"),
            Linear(f"{p}.fc2", f"{p}.fc2", "hidden", "branch"),
            Add(f"{p}.mlp_residual", "branch", "residual"),
        ]
        blocks += [replace(block, layer=n) for block in layer]
    blocks.append(Linear(head(config), "lm_head", "residual", LOGITS))
    if memory and config.remembers:
        blocks.append(Recall(LOGITS, LOGITS, memory.logits))
    return tuple(blocks)


def llama(config: ModelConfig) -> tuple[Block, ...]:
    """Llama: rotary positions, keys and values shared by groups of heads, a gated MLP, a norm before the logits."""
    blocks: list[Block] = [Embed("embed", "residual", positions=False)]
    for n in range(config.n_layer):
        p = f"layer{n}"
        layer: list[Block] = [
            Norm(f"{p}.attention_norm", "residual", "normed"),
            Linear(f"{p}.q", f"{p}.wq", "normed", "query"),
            Linear(f"{p}.k", f"{p}.wk", "normed", "key"),
            Linear(f"{p}.v", f"{p}.wv", "normed", f"{p}.values", cached=True),
            Rotary(f"{p}.rotary", "query", "key", f"{p}.keys", f"{p}.key_centre"),
            Attention(f"{p}.attention", "query", f"{p}.keys", f"{p}.values", "attended"),
            Linear(f"{p}.o", f"{p}.wo", "attended", "branch"),
            Add(f"{p}.attention_residual", "branch", "residual", f"{p}.wo"),
            Norm(f"{p}.mlp_norm", "residual", "normed"),
            *_mlp_in_parts(p, config, _gated_units),
        ]
        blocks += [replace(block, layer=n) for block in layer]
    return (*blocks, Norm("last_norm", "residual", "normed"), Linear(LOGITS, "lm_head", "normed", LOGITS))


def gpt2(config: ModelConfig) -> tuple[Block, ...]:
    """GPT-2, its LayerNorms' gains and biases in the matrices: learned positions, biases, an MLP with gelu."""
    blocks: list[Block] = [Embed("embed", "residual")]
    for n in range(config.n_layer):
        p = f"layer{n}"
        layer: list[Block] = [
            Norm(f"{p}.attention_norm", "residual", "normed"),
            Linear(f"{p}.q", f"{p}.wq", "normed", "query", bias=bias_of(f"{p}.wq")),
            Linear(f"{p}.k", f"{p}.wk", "normed", f"{p}.keys", cached=True, bias=bias_of(f"{p}.wk")),
            Linear(f"{p}.v", f"{p}.wv", "normed", f"{p}.values", cached=True),
            Attention(f"{p}.attention", "query", f"{p}.keys", f"{p}.values", "attended"),
            Linear(f"{p}.o", f"{p}.wo", "attended", "branch", bias=bias_of(f"{p}.wo")),
            Add(f"{p}.attention_residual", "branch", "residual", f"{p}.wo"),
            Norm(f"{p}.mlp_norm", "residual", "normed"),
            *_mlp_in_parts(p, config, _gelu_units, bias=bias_of(f"{p}.fc2")),
        ]
        blocks += [replace(block, layer=n) for block in layer]
    last = Linear(LOGITS, "lm_head", "normed", LOGITS, bias=bias_of("lm_head"))
    return (*blocks, Norm("last_norm", "residual", "normed"), last)


def head(config: ModelConfig) -> str:
    """The block whose matrix makes logits."""
    return HEAD if config.remembers else LOGITS


def needs_calibration(config: ModelConfig) -> bool:
    """Whether some sums are cut because no proof bounds them."""
    return any(isinstance(block, Add) and block.weight for block in schedule(config))


def key_centres(config: ModelConfig) -> tuple[str, ...]:
    """The tensors that rotated keys are measured from, (1, kv_dim) each."""
    return tuple(block.centre for block in schedule(config) if isinstance(block, Rotary))


def hidden_units(config: ModelConfig, layer: int) -> tuple[str, ...]:
    """The blocks that leave the hidden units of a layer, part after part."""
    blocks = (block for block in schedule(config) if isinstance(block, Activation | Gate))
    return tuple(block.name for block in blocks if block.layer == layer)


def key_biases(config: ModelConfig) -> tuple[str, ...]:
    """The tensors that move keys so that a byte holds them, (kv_dim, 1) each: no softmax sees what they add."""
    blocks = (block for block in schedule(config) if isinstance(block, Linear))
    return tuple(block.bias for block in blocks if block.bias not in ("", *config.tensor_shapes()))


def _gated_units(layer: str, number: int, part: Part, config: ModelConfig) -> Iterator[Block]:
    """A part of a gated MLP's hidden units."""
    yield Linear(f"{layer}.fc1_part{number}", f"{layer}.fc1", "normed", "gate", outputs=part)
    yield Linear(f"{layer}.fc3_part{number}", f"{layer}.fc3", "normed", "up", outputs=part)
    yield Gate(f"{layer}.activation{number}", "gate", "up", "hidden", part)


def _gelu_units(layer: str, number: int, part: Part, config: ModelConfig) -> Iterator[Block]:
    """A part of a GPT-2's."""
    weight = f"{layer}.fc1"
    yield Linear(f"{weight}_part{number}", weight, "normed", "hidden", outputs=part, bias=bias_of(weight))
    yield Activation(f"{layer}.activation{number}", config.activation, "hidden", part)


Units = Callable[[str, int, Part, ModelConfig], Iterator[Block]]
"""The blocks of a part of the hidden units. Given: the layer, the part's number, the part, the shape."""


def _mlp_in_parts(layer: str, config: ModelConfig, units: Units, bias: str = "") -> Iterator[Block]:
    """An MLP part after part of its hidden units: so there is one page of them at a time. bias: fc2's."""
    for number, part in enumerate(parts(config.n_hidden)):
        yield from units(layer, number, part, config)
        added = "" if number else bias
        yield Linear(f"{layer}.fc2_part{number}", f"{layer}.fc2", "hidden", "branch", inputs=part, bias=added)
        name = f"{layer}.mlp_residual" if part[1] == config.n_hidden else f"{layer}.mlp_sum{number}"
        yield Add(name, "branch", "residual", f"{layer}.fc2")


RECIPES: Mapping[str, Callable[[ModelConfig], tuple[Block, ...]]] = {
    "microgpt": microgpt,
    "llama": llama,
    "gpt2": gpt2,
}

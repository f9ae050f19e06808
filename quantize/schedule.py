"""The forward pass as a list of blocks: followed by the integer model and by the code generator alike.

Another decoder is another list of the same blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trainer.config import ModelConfig


@dataclass(frozen=True)
class Embed:
    """out = wte[token] + wpe[position]."""

    name: str
    out: str


@dataclass(frozen=True)
class Norm:
    """out = source / rms(source)."""

    name: str
    source: str
    out: str


@dataclass(frozen=True)
class Linear:
    """out = weight · source. A cached output is kept for every position."""

    name: str
    weight: str
    source: str
    out: str
    cached: bool = False


@dataclass(frozen=True)
class Attention:
    """out = softmax(query · keysᵀ) · values, head by head, over the positions so far."""

    name: str
    query: str
    keys: str
    values: str
    out: str


@dataclass(frozen=True)
class Activation:
    """buffer = relu(buffer), or its square."""

    name: str
    kind: str
    buffer: str


@dataclass(frozen=True)
class Add:
    """out = out + source."""

    name: str
    source: str
    out: str


Block = Embed | Norm | Linear | Attention | Activation | Add


@dataclass(frozen=True)
class TraceEntry:
    """One recorded intermediate: int16 of this shape. `over_positions`: the last axis counts only up to pos."""

    name: str
    shape: tuple[int, ...]
    over_positions: bool = False


def microgpt(config: ModelConfig) -> tuple[Block, ...]:
    """Karpathy's microgpt: RMSNorm after the embedding and before each half of a layer, none at the end."""
    blocks: list[Block] = [Embed("embed", "residual"), Norm("embed_norm", "residual", "residual")]
    for n in range(config.n_layer):
        p = f"layer{n}"
        blocks += [
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
    return (*blocks, Linear("logits", "lm_head", "residual", "logits"))


def trace_entries(config: ModelConfig, kernels: Mapping[str, str]) -> tuple[TraceEntry, ...]:
    """What a step of the integer model traces, in order. kernels as in QuantizedModel."""
    entries: list[TraceEntry] = []
    sizes: dict[str, int] = {}
    shapes = config.tensor_shapes()
    per_head = (config.n_head, config.block_size)
    for block in microgpt(config):
        match block:
            case Embed() | Attention():
                sizes[block.out] = config.n_embd
            case Norm():
                sizes[block.out] = sizes[block.source]
            case Linear():
                sizes[block.out] = shapes[block.weight][0]
            case _:
                pass
        if isinstance(block, Attention):
            if kernels.get(block.name) == "ppu":
                entries.append(TraceEntry(f"{block.name}.query", (config.n_embd,)))
                entries.append(TraceEntry(f"{block.name}.packed", (config.n_embd,)))
            entries.append(TraceEntry(f"{block.name}.scores", per_head, over_positions=True))
            entries.append(TraceEntry(f"{block.name}.weights", per_head, over_positions=True))
        out = block.buffer if isinstance(block, Activation) else block.out
        entries.append(TraceEntry(block.name, (sizes[out],)))
    return tuple(entries)

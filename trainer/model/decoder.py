"""The decoder: blocks in order, forward, and in reverse order for the gradient.

Losses, and all that begins with `batch`, are those of any family; `forward`, `gradient` and `Decoder` are
microgpt's. Llama's forward pass is in trainer.model.llama, its gradient in trainer.model.llama_gradient; both of
GPT-2's are in trainer.model.gpt2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.config import LONGEST, ModelConfig
from trainer.files import Array
from trainer.memory import is_memory, last_tokens, logit_table, vector_table
from trainer.model import gpt2, llama, llama_gradient
from trainer.model.attention import Padded, Sliding, attention_over
from trainer.model.blocks import (
    ACTIVATIONS,
    Loss,
    Outer,
    cross_entropy,
    product,
    rmsnorm,
    rmsnorm_gradient,
    sum_columns,
)
from trainer.progress import Tell, nobody
from trainer.training.packing import Batch, Documents

Tensors = Mapping[str, Array]
INIT_STD = 0.08
DOCUMENTS_AT_ONCE, SCORES_AT_ONCE = 256, 1 << 25


def initial_tensors(config: ModelConfig, seed: int) -> dict[str, Array]:
    """Every weight drawn from a normal distribution, mean 0, standard deviation INIT_STD; float32."""
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0, 0 if is_memory(name) else INIT_STD, shape).astype(np.float32)
        for name, shape in config.tensor_shapes().items()
    }


@dataclass(frozen=True)
class LayerTrace:
    """The parts of a layer's forward pass that its gradient needs; activations (features, N).

    normed_attention, normed_mlp (d, N) with their RMSNorm factors (N,); wqkv (3d, d), qkv (3d, N),
    probabilities in the layout of `attention`; heads (d, N): attention before W_o; hidden (h, N) after activation.
    """

    wqkv: Array
    normed_attention: Array
    scale_attention: Array
    qkv: Array
    probabilities: Array
    heads: Array
    normed_mlp: Array
    scale_mlp: Array
    hidden: Array


@dataclass(frozen=True)
class Trace:
    """The parts of a forward pass that the gradient needs: embedding RMSNorm, the layers, the last residual (d, N).

    kept: the dropout, as given to `forward`.
    """

    attention: Sliding | Padded
    kept: Array | None
    embedded: Array
    scale: Array
    layers: tuple[LayerTrace, ...]
    last: Array
    recalled: _Recalled


def forward(
    tensors: Tensors,
    config: ModelConfig,
    batch: Batch,
    kept: Array | None = None,
    attend: llama.Attend | None = None,
    last: Array | None = None,
) -> tuple[Array, Trace]:
    """Logits (V, N) of every column of a batch.

    x = norm(wte[token] + wpe[position]);  per layer x += W_o attention(norm(x)), x += fc2 act(fc1 norm(x));
    logits = lm_head x. Computed in the type of the tensors.
    kept (layers, 2, d, N) from `dropout` multiplies what attention and the MLP add to x.
    attend: attention over more than the batch; the trace is then of no use to a gradient. last: tokens as
    trainer.memory.last_tokens has them, where the batch does not hold them.
    """
    x = tensors["wte"].T.take(batch.tokens, axis=1)
    x += tensors["wpe"].T.take(batch.positions, axis=1)
    recalled = _Recalled(config, batch, last)
    recalled.add(x, tensors, vector_table)
    embedded, scale = rmsnorm(x)
    attention = attention_over(batch, config.n_head, embedded.dtype)
    x, layers = embedded, []
    for layer in range(config.n_layer):
        wq, wk, wv, wo, fc1, fc2 = _layer(tensors, layer)
        wqkv = np.concatenate([wq, wk, wv])
        normed_attention, scale_attention = rmsnorm(x)
        qkv = wqkv @ normed_attention
        heads, probabilities = attention(qkv) if attend is None else (attend(layer, *np.split(qkv, 3)), qkv[:0])
        x = x + _dropped(wo @ heads, kept, layer, 0)
        normed_mlp, scale_mlp = rmsnorm(x)
        hidden = ACTIVATIONS[config.activation].forward(fc1 @ normed_mlp)
        x = x + _dropped(fc2 @ hidden, kept, layer, 1)
        layers.append(
            LayerTrace(
                wqkv,
                normed_attention,
                scale_attention,
                qkv,
                probabilities,
                heads,
                normed_mlp,
                scale_mlp,
                hidden,
            )
        )
    logits = tensors["lm_head"] @ x
    recalled.add(logits, tensors, logit_table)
    return logits, Trace(attention, kept, embedded, scale, tuple(layers), x, recalled)


class _Recalled:
    """The rows that a batch looks up."""

    def __init__(self, config: ModelConfig, batch: Batch, last: Array | None = None) -> None:
        self.found: dict[int, tuple[Array, Array]] = {}
        if config.memory:
            tokens = last_tokens(batch, config.memory.longest, config.bos) if last is None else last
            self.found = {length: config.memory.rows(length, tokens) for length in config.memory.lengths}

    def add(self, x: Array, tensors: Tensors, table: Callable[[int], str]) -> None:
        """x (features, N) += the rows of every table of a kind."""
        for length, (columns, rows) in self.found.items():
            if table(length) in tensors:
                x[:, columns] += tensors[table(length)][rows].T

    def gradient(self, dx: Array, tensors: Tensors, table: Callable[[int], str]) -> dict[str, Array]:
        """∂loss/∂table of every table of a kind; dx (features, N)."""
        found = {}
        for length, (columns, rows) in self.found.items():
            if table(length) in tensors:
                grad = found[table(length)] = np.zeros_like(tensors[table(length)])
                np.add.at(grad, rows, dx.T[columns])
        return found


def gradient(
    tensors: Tensors,
    config: ModelConfig,
    batch: Batch,
    loss: Loss,
    outer: Outer = product,
    hidden_price: float = 0.0,
    kept: Array | None = None,
) -> tuple[float, dict[str, Array]]:
    """The loss of a batch's columns, and its gradient by tensor name, in file order.

    outer: what becomes of a matrix; the embeddings always get their gradient.
    The gradient, not the loss, includes a penalty of hidden_price times a column's mean sum of hidden activations.
    kept: dropout, as `forward` takes it.
    """
    logits, trace = forward(tensors, config, batch, kept)
    value, dlogits = loss(logits)
    grads = {"lm_head": outer(dlogits, trace.last), **trace.recalled.gradient(dlogits, tensors, logit_table)}
    dx = tensors["lm_head"].T @ dlogits
    price = dx.dtype.type(hidden_price / len(batch.targets))
    for layer in reversed(range(config.n_layer)):
        own = _layer(tensors, layer)
        dx, layer_grads = _layer_gradient(dx, trace, layer, own, config.activation, outer, price)
        grads |= {f"layer{layer}.{name}": grad for name, grad in layer_grads.items()}
    dx = rmsnorm_gradient(dx, trace.embedded, trace.scale)
    grads |= trace.recalled.gradient(dx, tensors, vector_table)
    grads["wte"] = sum_columns(dx, batch.tokens, config.vocab_size)
    grads["wpe"] = sum_columns(dx, batch.positions, config.block_size)
    return value, {name: grads[name] for name in config.tensor_shapes()}


def loss_per_token(
    tensors: Tensors, config: ModelConfig, documents: Sequence[Sequence[int]], tell: Tell = nobody
) -> float:
    """Mean nats per predicted character over documents, each BOS c1 … cn BOS, cut to the context.

    tell: is told how many are done. Raises ValueError when there are no documents.
    """
    return mean_loss(tensors, config, Documents(documents, config.block_size), tell)


def mean_loss(tensors: Tensors, config: ModelConfig, documents: Documents, tell: Tell = nobody) -> float:
    """loss_per_token of documents already packed. The shortest go together, so that no window is wasted."""
    if not len(documents):
        raise ValueError("no documents")
    by_length = np.argsort(documents.lengths, kind="stable")
    together = min(max(SCORES_AT_ONCE // (config.n_head * config.block_size**2), 1), DOCUMENTS_AT_ONCE)
    total = 0.0
    for start in range(0, len(by_length), together):
        batch = documents.batch(by_length[start : start + together])
        logits = batch_logits(tensors, config, batch)
        total += float(cross_entropy(logits, batch.targets)[0].sum(dtype=np.float64))
        tell(start + together)
    return total / int(documents.lengths.sum())


def active_share(tensors: Tensors, config: ModelConfig, documents: Documents) -> float:
    """Share of hidden units above zero, over layers, units and columns of packed documents."""
    active, total = 0, 0
    for start in range(0, len(documents), DOCUMENTS_AT_ONCE):
        chosen = np.arange(start, min(start + DOCUMENTS_AT_ONCE, len(documents)))
        for layer in forward(tensors, config, documents.batch(chosen))[1].layers:
            active, total = active + int((layer.hidden > 0).sum()), total + layer.hidden.size
    return active / total


def batch_logits(tensors: Tensors, config: ModelConfig, batch: Batch) -> Array:
    """Logits (V, N) of every column of a batch, whatever family the model is of."""
    return FORWARD[config.family](tensors, config, batch)


def batch_gradient(
    tensors: Tensors, config: ModelConfig, batch: Batch, loss: Loss, outer: Outer = product
) -> tuple[float, dict[str, Array]]:
    """`gradient`, whatever family the model is of; a llama's documents are all of one length."""
    return GRADIENT[config.family](tensors, config, batch, loss, outer)


def forward_logits(tensors: Tensors, config: ModelConfig, tokens: Array) -> Array:
    """Logits (B, T, V) of every position of B token sequences of one length T ≤ block_size, tokens (B, T)."""
    n, length = tokens.shape
    flat = np.asarray(tokens, np.int64).reshape(-1)
    batch = Batch(flat, np.tile(np.arange(length), n), flat, length)
    return batch_logits(tensors, config, batch).T.reshape(n, length, -1)


class Decoder(llama.Decoder):
    """The same of a microgpt; of its intermediates `observe` is told what lm_head reads alone."""

    def __init__(
        self, tensors: Tensors, config: ModelConfig, n: int, observe: llama.Observe = llama.nobody_looks
    ) -> None:
        super().__init__(tensors, config, n, observe)
        self._last = np.full((n, LONGEST), config.bos)

    def step(self, tokens: Array) -> Array:
        """Logits (n, V) after one more token of each text (n,). Raises IndexError beyond the context."""
        batch = Batch(tokens, np.full(len(tokens), self.position), tokens, 1)
        self._last = np.concatenate([self._last[:, 1:], tokens[:, None]], axis=1)
        logits, trace = forward(self.tensors, self.config, batch, attend=self._attend, last=self._last)
        self.observe("logits_input", self.config.n_layer - 1, trace.last)
        self.position += 1
        return logits.T


def _of_windows(
    tensors: Tensors, config: ModelConfig, batch: Batch, loss: Loss, outer: Outer
) -> tuple[float, dict[str, Array]]:
    return llama_gradient.gradient(tensors, config, batch.tokens.reshape(-1, batch.longest), loss, outer)


FORWARD: Mapping[str, Callable[[Tensors, ModelConfig, Batch], Array]] = {
    "microgpt": lambda *given: forward(*given)[0],
    "llama": llama.forward,
    "gpt2": gpt2.forward,
}
GRADIENT: Mapping[str, Callable[[Tensors, ModelConfig, Batch, Loss, Outer], tuple[float, dict[str, Array]]]] = {
    "microgpt": gradient,
    "llama": _of_windows,
    "gpt2": gpt2.gradient,
}
DECODER: Mapping[str, type[llama.Decoder]] = {"microgpt": Decoder, "llama": llama.Decoder, "gpt2": gpt2.Decoder}
"""What each family has of its own."""


def batch_decoder(
    tensors: Tensors, config: ModelConfig, n: int, observe: llama.Observe = llama.nobody_looks
) -> llama.Decoder:
    """n texts computed token by token, whatever family the model is of."""
    return DECODER[config.family](tensors, config, n, observe)


def next_logits(tensors: Tensors, config: ModelConfig, n: int) -> Callable[[Array], Array]:
    """A function from n token sequences (n, T) to the logits (n, V) of what follows, called for T = 1, 2, …"""
    if config.family == "microgpt":  # all columns at once are faster than one after another
        return lambda tokens: forward_logits(tensors, config, tokens)[:, -1]
    decoder = batch_decoder(tensors, config, n)
    return lambda tokens: decoder.step(tokens[:, -1])


def _layer(tensors: Tensors, layer: int) -> tuple[Array, ...]:
    return tuple(tensors[f"layer{layer}.{name}"] for name in ("wq", "wk", "wv", "wo", "fc1", "fc2"))


def _dropped(x: Array, kept: Array | None, layer: int, branch: int) -> Array:
    """x (d, N) after dropout: of attention, branch 0, or of the MLP, branch 1."""
    return x if kept is None else x * kept[layer, branch]


def _layer_gradient(
    dx: Array,
    whole: Trace,
    layer: int,
    weights: tuple[Array, ...],
    activation: str,
    outer: Outer,
    price: np.floating,
) -> tuple[Array, dict[str, Array]]:
    """∂loss/∂(layer's input) and what becomes of its weights; dx (d, N) is ∂loss/∂(layer's output).

    price: what the loss adds per unit of hidden activation.
    """
    trace, (_, _, _, wo, fc1, fc2) = whole.layers[layer], weights
    dmlp = _dropped(dx, whole.kept, layer, 1)
    grads = {"fc2": outer(dmlp, trace.hidden)}
    dhidden = fc2.T @ dmlp
    if price:
        dhidden += price
    dhidden = ACTIVATIONS[activation].gradient(dhidden, trace.hidden, lambda: fc1 @ trace.normed_mlp)
    grads["fc1"] = outer(dhidden, trace.normed_mlp)
    dx = dx + rmsnorm_gradient(fc1.T @ dhidden, trace.normed_mlp, trace.scale_mlp)
    dattention = _dropped(dx, whole.kept, layer, 0)
    grads["wo"] = outer(dattention, trace.heads)
    dqkv = whole.attention.gradient(wo.T @ dattention, trace.qkv, trace.probabilities)
    grads["wq"], grads["wk"], grads["wv"] = np.split(outer(dqkv, trace.normed_attention), 3)
    dx = dx + rmsnorm_gradient(trace.wqkv.T @ dqkv, trace.normed_attention, trace.scale_attention)
    return dx, grads

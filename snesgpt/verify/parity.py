"""The console against the integer model: every word of every record, the first difference by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.executor import Executor
from quantize.model import IntegerModel
from quantize.sampler import Request, Token, run
from snesgpt.verify.host import Host, Record, intermediates

DOCUMENTS = 2
"""A request's."""

TENTHS = (5, 0, 10, 20, 1, 7, 13)


@dataclass
class Parity:
    """The result of a comparison: tokens, values (16-bit words), mismatches, and the first difference in words."""

    tokens: int = 0
    values: int = 0
    mismatches: int = 0
    first: str | None = None
    traced: bool = False
    context: str = field(default="", repr=False)

    def compare(self, name: str, expected: NDArray[Any], got: NDArray[Any]) -> None:
        """Count the values and note the first that differs: stage, index (head first), expected and got."""
        self.values += expected.size
        wrong = np.argwhere(np.asarray(expected) != np.asarray(got, np.int64))
        self.mismatches += len(wrong)
        if len(wrong) and self.first is None:
            index = tuple(int(i) for i in wrong[0])
            place = ", ".join(map(str, index))
            self.first = f"{self.context}: {name}[{place}] expected {expected[index]}, got {got[index]}"


def compare_token(parity: Parity, traces: dict[str, np.ndarray] | None, token: Token, record: Record) -> None:
    """One token: what went in, intermediates in the order they are computed, then logits, then the draw.

    At another position the rest is another computation, and is not compared.
    """
    parity.tokens += 1
    for name, value in {"token": token.token, "position": token.position}.items():
        parity.compare(name, np.array([value]), np.array([record.words[name]]))
    if record.words["position"] != token.position:
        return
    if token.trace is not None and traces is not None:
        for name, expected in token.trace.items():
            if name not in traces:  # fused away in the cartridge: asm.memory.log_record.unrecorded
                continue
            got = traces[name]
            parity.compare(name, expected[..., : got.shape[-1]], got)
    else:
        parity.compare("logits", token.logits, record.logits)
    for name, value in {"next_token": token.next_token, "x": token.x, "y": token.y}.items():
        parity.compare(name, np.array([value]), np.array([record.words[name]]))


def requests(model: IntegerModel, tokens: int) -> Iterator[list[Request]]:
    """Endless batches, each of one temperature, temperatures 0.0 … 2.0, seeds and prompts in turn.

    A batch is sized so that `tokens` tokens meet every temperature. Every fourth request has a prompt.
    """
    letters, context = len(model.symbols), model.config.block_size
    size = min(max(tokens // 100, 1), 64)
    for first, tenths in zip(count(1, size), cycle(TENTHS), strict=False):
        batch = []
        for number in range(first, first + size):
            length = number // 4 % min(4, context) if number % 4 == 3 else 0
            prompt = tuple((7 * number + 5 * place) % letters for place in range(length))
            batch.append(Request(257 * number & 0xFFFF, tenths, DOCUMENTS, prompt))
        yield batch


def verify(
    host: Host,
    model: Executor,
    batches: Iterable[list[Request]],
    *,
    tokens: int | None = None,
    stop_at_first: bool = False,
    progress: Callable[[Parity], None] = lambda _: None,
) -> Parity:
    """Run batches of requests (of one temperature each) on both sides and compare every word.

    Stops when `tokens` were compared, when the batches end, or at the first difference if asked to.
    """
    parity = Parity(traced=host.layout.traced)
    for batch in batches:
        for request, expected in zip(batch, run(model, batch, traced=parity.traced), strict=True):
            _compare_request(parity, host, request, expected, stop_at_first)
            progress(parity)
            if (stop_at_first and parity.mismatches) or (tokens is not None and parity.tokens >= tokens):
                return parity
    return parity


def _compare_request(parity: Parity, host: Host, request: Request, expected: list[Token], stop: bool) -> None:
    number = -1
    for number, record in enumerate(host.run(request)):
        if number >= len(expected):
            break
        parity.context = f"seed {request.seed}, T {request.tenths / 10}, token {number}"
        traces = intermediates(host.layout, record) if parity.traced else None
        compare_token(parity, traces, expected[number], record)
        if stop and parity.mismatches:
            return
    if number + 1 != len(expected) and not parity.mismatches:
        parity.mismatches += 1
        parity.first = f"seed {request.seed}: the console made another number of tokens than {len(expected)}"

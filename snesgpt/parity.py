"""The console against the integer model: every word of every record, the first difference by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from quantize.integer_model import IntegerModel
from quantize.sampler import Request, Token, run
from snesgpt.host import Host, Record, intermediates


@dataclass
class Parity:
    """What was compared: tokens, values (16-bit words), mismatches, and the first difference in words."""

    tokens: int = 0
    values: int = 0
    mismatches: int = 0
    first: str | None = None
    traced: bool = False
    context: str = field(default="", repr=False)

    def compare(self, name: str, expected: np.ndarray, got: np.ndarray) -> None:  # type: ignore[type-arg]
        """Count the values and note the first that differs: stage, index (head first), expected and got."""
        self.values += expected.size
        wrong = np.argwhere(np.asarray(expected) != np.asarray(got, np.int64))
        self.mismatches += len(wrong)
        if len(wrong) and self.first is None:
            index = tuple(int(i) for i in wrong[0])
            place = ", ".join(map(str, index))
            self.first = f"{self.context}: {name}[{place}] expected {expected[index]}, got {got[index]}"


def compare_token(parity: Parity, layout_traces: dict[str, np.ndarray] | None, token: Token, record: Record) -> None:  # type: ignore[type-arg]
    """One token: intermediates in the order they are computed, then logits, then the draw."""
    parity.tokens += 1
    if token.trace is not None and layout_traces is not None:
        for name, expected in token.trace.items():
            got = layout_traces[name]
            parity.compare(name, expected[..., : got.shape[-1]], got)
    else:
        parity.compare("logits", token.logits, record.logits)
    words = {"token": token.token, "position": token.position, "next_token": token.next_token}
    for name, value in (words | {"x": token.x, "y": token.y}).items():
        parity.compare(name, np.array([value]), np.array([record.words[name]]))


def verify(
    host: Host,
    model: IntegerModel,
    requests: Sequence[Request],
    *,
    stop_at_first: bool = False,
    progress: Callable[[Parity], None] = lambda _: None,
) -> Parity:
    """Run the requests on both sides and compare. A traced ROM is compared in every intermediate."""
    parity = Parity(traced=host.layout.traced)
    for _, group in groupby(sorted(requests, key=lambda r: r.tenths), key=lambda r: r.tenths):
        together = list(group)
        for start in range(0, len(together), 64):
            part = together[start : start + 64]
            for request, expected in zip(part, run(model, part, traced=parity.traced), strict=True):
                _compare_request(parity, host, request, expected, stop_at_first)
                progress(parity)
                if stop_at_first and parity.mismatches:
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

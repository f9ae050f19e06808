"""A training of some letters in a second, which can be interrupted at any step."""

from __future__ import annotations

from pathlib import Path

from trainer.config import ModelConfig
from trainer.model.decoder import Tensors
from trainer.text.tokenizer import Tokenizer
from trainer.training.train import Result, Settings, State, train

TOKENIZER = Tokenizer("ab")
TRAINING = ["ab" * n for n in range(1, 8)] + ["ba" * n for n in range(1, 8)]
HELD_OUT = ["abab" + "b" * n for n in range(3)]
SETTINGS = Settings(
    ModelConfig(3, block_size=8, n_embd=8, n_head=2, n_hidden=16),
    steps=120,
    batch_size=5,
    learning_rate=0.02,
    weight_decay=0.1,
)


def sample(tensors: Tensors) -> list[str]:
    """Texts that depend on the weights."""
    return [f"{tensors['wte'].sum():.6f}", "b"]


def run(path: Path, settings: Settings = SETTINGS, stop_at: int | None = None, resume: bool = False) -> Result:
    """A small run; stop_at presses Ctrl-C after that step."""

    def report(state: State, progress: float) -> None:
        if state.step == stop_at:
            raise KeyboardInterrupt

    result = train(TRAINING, HELD_OUT, TOKENIZER, settings, path / "c.npz", resume, report, sample)
    result.checkpoint.unlink()
    return result

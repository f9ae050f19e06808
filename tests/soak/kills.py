"""Kills at random moments of every stage: each output is the old one or the new one, whole, and nothing else stays.

`python -m tests.soak.kills 600` does it for ten minutes.
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.support.real_tree import TEXT, RealTree

SNESGPT = ".venv/bin/snesgpt"
MAKE = "make"
STAGES = {
    "train": "train --data text.txt --steps 400 --seed {seed} --out out/weights.npz",
    "quantize": "quantize {given}/weights.npz --out out/model.npz",
    "build": "build {given}/model.npz --out out/rom.sfc",
    "export": "export {given}/weights.npz --out out/exported.safetensors",
    "import": "import {given}/exported.safetensors --out out/imported.npz",
    "lab": "lab {given}/model.npz --weights {given}/weights.npz --data text.txt --out out/lab",
    MAKE: "DATA=text.txt STEPS=400 SEED={seed}",
}
"""Every stage is run with the files of one model where those of another are. It is after what makes them."""

TOGETHER = ("build", "export", "lab")
"""Those whose files are all old or all new. Only SIGKILL can come between the first and the last of them."""

OLD, NEW = "one", "other"
SEEDS = {OLD: 0, NEW: 1}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MADE = ("weights.npz", "model.npz", "snes_gpt.sfc")
Files = Mapping[str, bytes]


class Soak:
    """A tree in which every stage has run for both models, and what each of them wrote."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.tree, self.random = RealTree(folder / "a tree"), Random(seed)
        self.root, self.out = self.tree.root, self.tree.root / "out"
        (self.root / "text.txt").write_text(TEXT)
        self.wrote: dict[tuple[str, str], Files] = {}
        self.seconds: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        for model in SEEDS:
            for stage in STAGES:
                self._prepare(stage, model)

    def _prepare(self, stage: str, model: str) -> None:
        """What the stage writes for the model, undisturbed, and how long it takes."""
        self.put({}, stage)
        begun = time.monotonic()
        self.undisturbed(stage, model)
        self.seconds[stage] = time.monotonic() - begun
        self.wrote[stage, model] = self.files(stage)
        if stage != MAKE:
            shutil.copytree(self.out, self.root / model, dirs_exist_ok=True)

    def folder(self, stage: str) -> Path:
        return self.root / "build" if stage == MAKE else self.out

    def put(self, files: Files, stage: str) -> None:
        """These files, and no others, are where the stage writes."""
        shutil.rmtree(self.folder(stage), ignore_errors=True)
        for name, content in files.items():
            path = self.folder(stage) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def files(self, stage: str) -> Files:
        """What is there: of make the three files that matter."""
        folder = self.folder(stage)
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return {name: found[name] for name in MADE if name in found} if stage == MAKE else found

    def command(self, stage: str, model: str) -> tuple[str, ...]:
        words = STAGES[stage].format(seed=SEEDS[model], given=model).split()
        return (MAKE, *words) if stage == MAKE else (SNESGPT, *words)

    def undisturbed(self, stage: str, model: str) -> None:
        done = self.tree.run(*self.command(stage, model))
        assert done.returncode == 0, f"{stage}: {done.stderr}"
        assert not self.tree.left_over(), f"{stage} leaves {self.tree.left_over()}"

    def kill(self) -> None:
        """One stage, up to three times, at moments of its whole length; then undisturbed to its end."""
        stage = self.random.choice(list(STAGES))
        old = self.wrote[stage, OLD] if stage != MAKE and self.random.random() < 0.8 else {}
        new = self.wrote[stage, NEW]
        self.put(old, stage)
        for _ in range(self.random.randint(1, 3)):
            number, before = self.random.choice(SIGNALS), self.tree.left_over()
            there = {name: content for name, content in self.files(stage).items() if not is_ours(name)}
            process = self.tree.start(*self.command(stage, NEW))
            time.sleep(self.random.uniform(0, 1.05 * self.seconds[stage]))
            status, err = self.tree.end(process, number)
            self._check(stage, number, status, err, there, new)
            left = set(self.tree.left_over()) - set(before)
            assert not left or number == signal.SIGKILL, f"{stage} after signal {number} leaves {left}"
        self.undisturbed(stage, NEW)
        others = differing(self.files(stage), new)
        assert not others, f"{stage} after kills is not as without them: {others}"
        self.counts["ends as if undisturbed"] += 1

    def _check(self, stage: str, number: int, status: int, err: str, old: Files, new: Files) -> None:
        at = f"{stage} after signal {number}: "
        assert "Traceback" not in err or not in_our_code(err), at + err
        if (
            stage != MAKE and status not in (0, -number) and in_our_code(err)
        ):  # Python starts and ends in its own way
            assert (status, err.count("snesgpt: ")) == (128 + number, 1), f"{at}{status}, {err}"
            self.counts["said so in a line"] += 1
        found = self.files(stage)
        for name, content in found.items():
            whole = content in (old.get(name), new.get(name)) or is_ours(name)
            assert whole, f"{at}{name} is neither the old nor the new one"
        if stage in TOGETHER and number != signal.SIGKILL:
            changed = [name for name in {**old, **new} if found.get(name) != old.get(name)]
            lacking = [name for name in new if found.get(name) != new[name]]
            assert not (changed and lacking), f"{at}{changed} are new, and {lacking} are not"
        gone = set(old) - set(found)
        assert not gone, f"{at}{gone} are gone"
        finished = "was done" if status == 0 else "was killed"
        self.counts[f"{stage} {finished}"] += 1
        self.counts["signals"] += 1


def is_ours(name: str) -> bool:
    """Whether a file is no output: what a run goes on from, or the next one removes."""
    return ".checkpoint-" in name or ".snes-gpt-" in name


def in_our_code(err: str) -> bool:
    """Whether Python had come so far: while it starts, imports or exits, a signal ends it in its own way."""
    return bool(err) and not ("in <module>" in err and " in run" not in err and err.count("KeyboardInterrupt"))


def differing(found: Files, wanted: Files) -> list[str]:
    """The names of files that are not the same."""
    return [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]


def run(seconds: float, seed: int) -> str:
    """Kills for that long; counts. Raises AssertionError at the first output that is neither old nor new."""
    end = time.monotonic() + seconds
    with TemporaryDirectory() as folder:
        soak = Soak(Path(folder), seed)
        while time.monotonic() < end:
            soak.kill()
    return ", ".join(f"{name}: {count}" for name, count in sorted(soak.counts.items()))


if __name__ == "__main__":
    print(run(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))

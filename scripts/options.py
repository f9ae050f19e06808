"""What make was asked for: decided here, remembered in build/, and handed to the stages.

Standard library only. The Makefile's variables come through the environment, so a name may have any characters.

    python scripts/options.py choose      writes build/options.json: newer than weights that were made otherwise
    python scripts/options.py target      writes build/target.json: newer than a model for another machine
    python scripts/options.py train       becomes `snesgpt train`, or takes CHECKPOINT
    python scripts/options.py made        notes which options the weights were made with
    python scripts/options.py quantize    becomes `snesgpt quantize`
    python scripts/options.py lab         becomes `snesgpt lab`
"""

from __future__ import annotations

import json
import os
import signal
import sys
from hashlib import sha256
from pathlib import Path

NAMES = ("DATA", "DOCUMENTS", "TOKENS", "PRESET", "STEPS", "SEED")
BIN, BUILD = Path(".venv/bin"), Path("build")
TARGET = BUILD / "target.json"
OPTIONS, WEIGHTS, MADE = BUILD / "options.json", BUILD / "weights.npz", BUILD / "made-with.json"


def choose() -> None:
    """Make compares the time of the file with the weights': that of the last change of the options or the text."""
    before, wanted = read(OPTIONS), asked()
    if os.environ["REMEMBER"] and not os.environ["GIVEN"]:
        wanted = before or wanted
    if wanted != before:
        write(OPTIONS, wanted)
        if read(MADE) == note(wanted):  # back to what the weights were made with
            os.utime(OPTIONS, ns=(WEIGHTS.stat().st_atime_ns, WEIGHTS.stat().st_mtime_ns))
    text = Path(wanted.get("CHECKPOINT") or wanted["DATA"])
    if text.exists() and text.stat().st_mtime_ns > OPTIONS.stat().st_mtime_ns:
        os.utime(OPTIONS, ns=(text.stat().st_atime_ns, text.stat().st_mtime_ns))


def asked() -> dict[str, str]:
    """Of a checkpoint the text is unknown unless it is given."""
    if checkpoint := os.environ["CHECKPOINT"]:
        return {"CHECKPOINT": checkpoint, "DATA": os.environ["DATA"] if "DATA" in os.environ["GIVEN"] else ""}
    return {name: os.environ[name] for name in NAMES}


def target() -> None:
    """Make compares the time of the file with the model's."""
    before, wanted = read(TARGET), {"TARGET": os.environ["TARGET"]}
    remembered = os.environ["REMEMBER"] and not os.environ["GIVEN"]
    if wanted != before and not (before and remembered):
        write(TARGET, wanted)


def train() -> None:
    options = read(OPTIONS)
    if checkpoint := options.get("CHECKPOINT"):
        print(f"Taking {shown(checkpoint)}", flush=True)
        become("python", "scripts/take_checkpoint.py", checkpoint, str(WEIGHTS))
    print(f"Training {options['PRESET']} on {shown(options['DATA'])}", flush=True)
    settings = [
        word
        for name in ("DATA", "DOCUMENTS", "TOKENS", "PRESET", "SEED", "STEPS")
        if options[name]
        for word in (f"--{name.lower()}", options[name])
    ]
    become("snesgpt", "train", *settings, "--out", str(WEIGHTS), log="train")


def made() -> None:
    options = read(OPTIONS)
    write(MADE, note(options))
    if "CHECKPOINT" not in options:
        print((BUILD / "train.part").replace(BUILD / "train.txt").read_text().partition("\n")[0])


def quantize() -> None:
    machine = ("--target", read(TARGET)["TARGET"])
    become("snesgpt", "quantize", str(WEIGHTS), *data(), *machine, "--out", "build/model.npz", log="quantize")


def lab() -> None:
    places = ("--out", "build/lab-data", "--golden", "build/lab-golden/console.json")
    become("snesgpt", "lab", "build/model.npz", "--weights", str(WEIGHTS), *data(), *places, log="lab")


def data() -> list[str]:
    """The text that the weights learned from, if it is known."""
    text = read(OPTIONS)["DATA"]
    return ["--data", text] if text else []


def note(options: dict[str, str]) -> dict[str, object]:
    """Options, and the fingerprint of the weights that are there now."""
    weights = sha256(WEIGHTS.read_bytes()).hexdigest() if WEIGHTS.exists() else ""
    return {"options": options, "weights": weights}


def become(program: str, *arguments: str, log: str = "") -> None:
    """Signals then reach the stage itself. What it prints goes to build/LOG.part, until it is known to be good."""
    if log:
        os.dup2(os.open(BUILD / f"{log}.part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), 1)
    os.execv(BIN / program, [str(BIN / program), *arguments])


def shown(name: str) -> str:
    """A file's name for the terminal."""
    return name if name.isprintable() else ascii(name)


def read(path: Path) -> dict[str, str]:
    """Nothing if the file is missing or damaged."""
    try:
        found = json.loads(path.read_text())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def write(path: Path, content: dict[str, str] | dict[str, object]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    temporary.replace(path)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is for the stage that this becomes: no traceback of ours
    steps = {"choose": choose, "target": target, "train": train, "made": made, "quantize": quantize, "lab": lab}
    steps[sys.argv[1]]()

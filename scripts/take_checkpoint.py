"""`python scripts/take_checkpoint.py CHECKPOINT WEIGHTS`: trained weights, checked and copied: no training."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from trainer.errors import InputError
from trainer.files import whole_file
from trainer.weights import load_weights


def main(checkpoint: Path, weights: Path) -> None:
    """Exits with one line when the file is no weights file; then what is in its place stays."""
    try:
        load_weights(checkpoint)
        with whole_file(weights) as temporary:
            shutil.copyfile(checkpoint, temporary)
    except InputError as error:
        sys.exit(f"CHECKPOINT={checkpoint}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

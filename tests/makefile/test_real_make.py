"""The Makefile with the real stages, on a text that is learned in a second: killed, and named as nobody would."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from asm.cartridge.header import SA1_MAP, read_cartridge
from tests.support.real_tree import TEXT, RealTree
from trainer.weights import load_weights

WEIGHTS = "build/weights.npz"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> RealTree:
    tree = RealTree(tmp_path_factory.mktemp("make") / "тест dir ½")
    (tree.root / "text.txt").write_text(TEXT)
    return tree


@pytest.mark.slow
def test_a_training_that_is_killed_again_and_again_ends_as_if_nothing_had_been(tree: RealTree) -> None:
    command = ("make", WEIGHTS, "DATA=text.txt", "STEPS=1500")
    build = tree.root / "build"
    assert tree.run(*command).returncode == 0
    undisturbed = (tree.root / WEIGHTS).read_bytes()
    (tree.root / WEIGHTS).unlink()
    told = ["names.txt"]
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        process = tree.start(*command)
        before = checkpoint(build)
        while process.poll() is None and checkpoint(build) in (None, before):
            time.sleep(0.01)
        status, err = tree.end(process, number)
        assert status != 0 and "Traceback" not in err
        assert number == signal.SIGKILL or err.count("snesgpt: interrupted") == 1
        told.append(err)
        assert not (tree.root / WEIGHTS).exists()
    done = tree.run(*command)
    assert done.returncode == 0 and "going on at step" in done.stderr
    assert all("going on at step" in err for err in told[2:])
    assert (tree.root / WEIGHTS).read_bytes() == undisturbed
    assert not tree.left_over() and not list(build.glob("*checkpoint*"))


def checkpoint(build: Path) -> tuple[str, int] | None:
    """Which one, and of when: it is replaced at every measurement."""
    return next(((path.name, path.stat().st_ino) for path in build.glob("*checkpoint*")), None)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a $b$ `c` \"d\" 'e' ½\udce9;:#%\n\\.txt", "n" * 255], ids=["odd", "long"])
def test_a_text_of_any_name_becomes_a_cartridge(tree: RealTree, name: str) -> None:
    (tree.root / name).write_text(TEXT)
    done = tree.run("make", f"DATA={name}", "STEPS=20")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "Warning" not in done.stderr
    assert (tree.root / "build/snes_gpt.sfc").stat().st_size > 1 << 16
    assert load_weights(tree.root / WEIGHTS).info["n_held_out"] == 12
    again = tree.run("make", f"DATA={name}", "STEPS=20")
    assert (again.stdout, again.stderr) == ("build/snes_gpt.sfc is up to date\n", "")


@pytest.mark.slow
def test_an_sa1_cartridge_is_made_of_the_same_weights_and_a_stock_one_again(tree: RealTree) -> None:
    command, chips = ("make", "DATA=text.txt", "STEPS=20"), []
    assert tree.run(*command).returncode == 0
    weights = (tree.root / WEIGHTS).read_bytes()
    for machine in (("TARGET=sa1",), ()):
        done = tree.run(*command, *machine)
        assert done.returncode == 0, done.stderr
        cartridge = read_cartridge(tree.root / "build/snes_gpt.sfc")
        assert not cartridge.faults
        chips.append(cartridge.map_mode == SA1_MAP)
    assert chips == [True, False]
    assert (tree.root / WEIGHTS).read_bytes() == weights
    refused = tree.run(*command, "TARGET=nes")
    assert refused.returncode != 0 and "nes" in refused.stderr and "Traceback" not in refused.stderr

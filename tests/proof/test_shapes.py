"""Any shape of the limits is laid out whole, or refused in one line with its sizes, before it is assembled.

And any text, read in any way, becomes a cartridge that equals the integer model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asm.build import build_rom
from asm.cost.instructions import Instruction
from asm.cost.predict import predict
from asm.kernels.byte_attention import max_sum
from asm.kernels.straight_code import MODULE_BYTES, CodePart, Unit, modules
from asm.kernels.stretches import stretches
from asm.layout import Layout, plan
from asm.memory.work_ram import BANK, Area, lay_out
from asm.targets.sa1 import IRAM_STACK, IRAM_START
from asm.targets.stock import STOCK
from quantize.executor import Executor
from quantize.kernel import TARGETS
from quantize.kernels.byte_attention import EXP7, reciprocal
from quantize.lower import FRONT_BYTES, on_digits, schoolbook
from quantize.model import IntegerModel
from quantize.model_file import save_model
from quantize.ranges import prove
from quantize.sampler import Request
from snesgpt.commands.build import command as build
from snesgpt.emulator.console import Console
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.models import SYMBOLS, digit_model, for_sa1, for_target, has_front_table, random_model
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.notes import Notes
from trainer.text.bpe import learn_pairs
from trainer.text.corpus import read_corpus
from trainer.text.splitting import KINDS, Reading
from trainer.text.tokenizer import Tokenizer

MAX_WORK = 100_000
"""Weights of a shape that the property lays out: the largest take minutes."""


@st.composite
def shapes(draw: st.DrawFn) -> ModelConfig:
    """Widths 8 … 128, any divisor of heads, all contexts, layers and MLP widths."""
    width = draw(st.integers(8, 128))
    heads = draw(st.sampled_from([h for h in range(1, width + 1) if width % h == 0]))
    hidden = 8 * draw(st.integers(1, min(64, (MAX_WORK // width - 4 * width) // 16)))
    most = max(1, MAX_WORK // (width * (4 * width + 2 * hidden)))
    layers = draw(st.integers(1, min(6, most)))
    vocab, context = draw(st.integers(2, 512)), draw(st.integers(2, 256))
    return ModelConfig(vocab, context, width, heads, layers, hidden, draw(st.sampled_from(["relu", "relu2"])))


def sparse(config: ModelConfig, columns: bool) -> IntegerModel:
    """One digit in thirty weights: quick to prove and to lay out."""
    random = np.random.default_rng(0)
    tensors = {
        name: np.where(random.random(shape) < 1 / 30, random.choice([-16, -4, 4, 16], shape), 0)
        for name, shape in config.tensor_shapes().items()
    }
    info: Notes = {"active_hidden": 0.1 if columns else 0.9}
    return on_digits(IntegerModel(config, SYMBOLS[: config.bos], tensors, schoolbook(config), info))


def check(layout: Layout) -> None:
    """Every bank holds what is in it, and so does work RAM."""
    sizes = layout.bank_bytes
    assert max(sizes.values()) <= STOCK.bank_bytes
    assert len(sizes) < layout.banks <= STOCK.max_banks
    assert layout.image_bytes == layout.banks * STOCK.bank_bytes
    ram = layout.wram
    in_7e = sum(area.size for area in (*ram.work, *ram.bank_7e))
    assert STOCK.high_ram + STOCK.screen_ram + in_7e <= BANK
    assert ram.log_bytes + sum(area.size for area in ram.bank_7f) == STOCK.log_end
    assert layout.log_capacity >= 1
    row = layout.config.block_size * layout.config.n_embd
    caches = [area for area in (*ram.bank_7e, *ram.bank_7f) if area.name.startswith("layer")]
    assert len(caches) == 2 * layout.config.n_layer and {area.size for area in caches} == {
        row * layout.cache_row // layout.config.n_embd
    }


@given(shapes(), st.booleans())
@settings(max_examples=6, deadline=None)
def test_any_shape_is_laid_out_or_refused_with_its_sizes(config: ModelConfig, columns: bool) -> None:
    model = sparse(config, columns)
    try:
        layout = plan(prove(model))
    except InputError as error:
        assert (
            re.search(r"work RAM|fit work RAM", str(error))
            and re.search(r"\d", str(error))
            and "use fewer" in str(error)
        )
        return
    check(layout)
    if has_front_table(model):
        assert 6 * config.n_embd * config.vocab_size * config.block_size <= FRONT_BYTES


@given(shapes())
@settings(max_examples=25, deadline=None)
def test_any_schoolbook_is_laid_out_or_refused_with_its_sizes(config: ModelConfig) -> None:
    try:
        check(plan(prove(random_model(config))))
    except InputError as error:
        assert "work RAM" in str(error) and "use fewer" in str(error)


@given(shapes())
@example(ModelConfig(2, 236, 87, 1, 1, 8))
@example(ModelConfig(2, 200, 112, 1, 1, 8))
@settings(max_examples=10, deadline=None)
def test_an_sa1_takes_every_schoolbook_that_a_stock_console_takes(config: ModelConfig) -> None:
    model = random_model(config)
    try:
        plan(prove(model))
    except InputError:
        return
    layout = plan(prove(for_sa1(model)))
    assert max(layout.bank_bytes.values()) <= layout.target.bank_bytes
    assert sum(vector.size for vector in layout.near) <= IRAM_STACK - IRAM_START


@pytest.mark.parametrize("target", TARGETS)
def test_the_schoolbook_keeps_caches_in_both_banks(target: str) -> None:
    model = for_target(random_model(ModelConfig(5, 200, 48, 2, 2, 8), 1, wq=0.3, wk=0.3), target)
    rom = build_rom(model, traced=True)
    assert rom.layout.wram.bank_7f
    with Console(rom.image) as console:
        found = verify(Host(console, model), Executor(model), [[Request(3, 10, 1), Request(1, 10, 1, (1, 2, 3))]])
    assert (found.mismatches, found.first) == (0, None)


@given(st.integers(-2, 2))
def test_no_cache_ends_where_the_wram_port_goes_on_in_the_other_bank(off: int) -> None:
    room = BANK - STOCK.high_ram - STOCK.screen_ram
    cache = Area("layer0_keys", room - 30_000 + off)
    ram = lay_out(STOCK, [Area("weights", 30_000)], [cache, Area("layer0_values", 10)], 10, "keys", profiled=False)
    assert (cache in ram.bank_7e) == (off < 0)


def test_weights_of_any_sum_fit_and_never_add_up_to_more_than_the_proof_allows() -> None:
    """1.005 is what quantize.ranges gives a mean of values; 127 in 256 positions is the largest sum."""
    total = np.arange(127, max_sum(ModelConfig(2, block_size=256)) + 1)
    scale = reciprocal(total)
    assert (scale * total <= 1.005 * (1 << 21)).all()
    assert (EXP7.max() * scale < 1 << 23).all()
    assert scale.min() >= 64


def test_long_code_is_cut_into_source_files_in_order() -> None:
    unit = Unit("", (Instruction("nop", MODULE_BYTES // 8, 0),))
    parts = [CodePart(f"part{n}", n, "", (unit,), "rtl") for n in range(20)]
    files = modules(parts)
    assert list(files) == ["kernels", "kernels_2", "kernels_3"]
    assert [part for cut in files.values() for part in cut] == parts
    assert all(sum(part.size for part in cut) <= MODULE_BYTES for cut in files.values())


def test_two_halves_of_a_long_context_cover_every_position_once() -> None:
    config = ModelConfig(2, block_size=256, n_embd=8, n_head=2)
    halves = stretches(config, config.seen(0), "keys", "values")
    rows = [head.row for half in halves for head in half.heads]
    assert sorted(rows) == [0, 256, 512, 768]


def test_a_dry_run_says_what_the_build_then_makes(tmp_path: object) -> None:
    from json import loads
    from pathlib import Path

    folder = Path(str(tmp_path))
    model = replace(digit_model(ModelConfig(9, 20, 16, 2, 1, 24)), info={"active_hidden": 0.1, "nll_float": 2.25})
    save_model(folder / "model.npz", model)
    done = CliRunner().invoke(build, [str(folder / "model.npz"), "--dry-run", "--json"])
    report, rom = loads(done.output), build_rom(model)
    assert report["bytes"] == len(rom.image)
    assert report["segments"] == {name: size for name, size in rom.segments.items() if name.startswith("BANK")}
    prediction = predict(plan(prove(model)))
    assert prediction and report["tokens_per_second"] == pytest.approx(prediction.tokens_per_second)
    assert report["loss"] == 2.25
    assert not list(folder.glob("*.sfc"))
    shown = CliRunner().invoke(build, [str(folder / "model.npz"), "--dry-run"]).output
    assert re.search(r"speed: [\d.]+ tokens/s", shown) and "ROM: 128 KiB" in shown and "2.2500 nats" in shown


@dataclass(frozen=True)
class Text:
    """The documents read from a file, and their tokenizer."""

    reading: Reading
    documents: Sequence[str]
    tokenizer: Tokenizer


WORDS = st.text("abcdeàÉß'Z", min_size=1, max_size=9)
LINES = st.lists(WORDS, min_size=2, max_size=12).map(" ".join)
SEPARATORS = {"lines": "\n", "paragraphs": "\n\n", "stream": "\n"}


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """Few words, so that pairs repeat; every kind of document, in characters or in pairs learned from it."""
    reading = Reading(draw(st.sampled_from(list(KINDS))), draw(st.booleans()))
    document = LINES if reading.documents == "lines" else st.lists(LINES, min_size=1, max_size=3).map("\n".join)
    written = SEPARATORS[reading.documents].join(draw(st.lists(document, min_size=3, max_size=9)))
    with TemporaryDirectory() as folder:
        path = Path(folder, "text.txt")
        path.write_text(written + "\nab cab", encoding="utf-8")
        corpus = read_corpus(path, reading)
    if draw(st.booleans()):
        most = len(corpus.symbols) + draw(st.integers(2, 60))
        return Text(reading, corpus.documents, learn_pairs(corpus.documents, corpus.symbols, most, reading.running))
    return Text(reading, corpus.documents, corpus.tokenizer)


@given(texts(), st.sampled_from([(4, 1), (8, 2), (12, 3)]), st.integers(3, 40), st.integers(1, 2), st.data())
@settings(max_examples=5)
def test_any_text_is_computed_alike_on_the_console(
    text: Text, width: tuple[int, int], context: int, layers: int, data: st.DataObject
) -> None:
    tokenizer, reading = text.tokenizer, text.reading
    encoded = [tokenizer.encode(document)[1:-1] for document in text.documents]
    assert [tokenizer.decode(tokens) for tokens in encoded] == list(text.documents)
    config = ModelConfig(tokenizer.bos + 1, context, *width, layers, 16)
    seed, notes = data.draw(st.integers(0, 99)), Notes(**reading.notes, temperature=1.0)
    model = digit_model(config, seed) if data.draw(st.booleans()) else random_model(config, seed)
    model = replace(model, symbols=tokenizer.symbols, merges=tokenizer.merges, info=notes)
    prompt = tuple(data.draw(st.sampled_from(encoded))[: data.draw(st.integers(1, context - 1))])
    requests = [Request(data.draw(st.integers(0, 0xFFFF)), 10, 2, begun) for begun in ((), prompt)]
    with Console(build_rom(model, traced=data.draw(st.booleans())).image) as console:
        found = verify(Host(console, model), Executor(model), [requests])
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens > len(prompt)

"""Clocks: the beam's arithmetic, marks that change nothing but time, and stages that sum to the whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import tests.support.routine_console
from asm.build import build_rom, sources, symbols
from asm.layout import plan
from quantize.convert import quantize
from quantize.executor import Executor
from quantize.kernel import SA1
from quantize.model_file import save_model
from quantize.ranges import prove
from quantize.sampler import Request
from quantize.schedule import schedule
from snesgpt.bench.beam_clock import FRAME_CLOCKS, Moment, beam
from snesgpt.bench.names_screen import NamesPage
from snesgpt.bench.speed import measure_speed
from snesgpt.bench.stage_clocks import VERTICAL_BLANK, marks_end, measure_stages
from snesgpt.commands.bench import command as bench
from snesgpt.emulator.console import Console
from snesgpt.emulator.cores import KNOWN
from snesgpt.verify.host import Host
from snesgpt.verify.parity import verify
from tests.support.models import digit_weights, random_model
from tests.support.routine_console import Call, RoutineConsole, build_routines
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.weights import Weights, save_weights

CONFIG = ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_hidden=16)
MODEL = random_model(CONFIG)
TOKENS = {"snes9x": 120, "bsnes": 60}


def seen(clocks: int) -> Moment:
    """The moment that a mark notes at a time since power-on: line 240 of every other frame is 4 clocks short.

    In the others dot 323 is clocks 1292 … 1297 of its line, dot 327 clocks 1310 … 1315.
    """
    pair, rest = divmod(clocks + 229 * 1364, 2 * FRAME_CLOCKS)
    odd, rest = divmod(rest, 262 * 1364)
    short = odd and rest >= 240 * 1364 + 1360
    line, within = divmod(rest + (4 if short else 0), 1364)
    frame = 2 * pair + odd - (line < 229)
    whole = not odd or line != 240
    dot = (within - 2 * (within >= 1296) - 2 * (within >= 1314)) // 4 if whole else within // 4
    noise = 0x5A00
    low, high = dot & 0xFF | (line & 0xFF) << 8, dot >> 8 | (line >> 8) << 8 | noise & 0xFE00
    return Moment((frame + 1) % 65536, beam(low, high))


@given(st.integers(0, 70000 * FRAME_CLOCKS), st.integers(0, 65000 * FRAME_CLOCKS))
def test_clocks_between_two_looks_at_the_beam(start: int, passed: int) -> None:
    assert abs(seen(start + passed).since(seen(start)) - passed) <= 8


@given(st.integers(0, FRAME_CLOCKS - 1), st.integers(1, FRAME_CLOCKS - 1))
def test_a_frame_that_was_not_counted_yet_is_noticed(start: int, passed: int) -> None:
    end = (start + passed) % FRAME_CLOCKS
    wrapped = end < start
    assert Moment(7, end).since(Moment(7, start)) == passed
    assert Moment(7 + wrapped, end).since(Moment(7, start)) == passed


@pytest.mark.parametrize(
    ("at", "end", "wanted"),
    [(0x3F0, 0x400, 0x400), (0x3F8, 0x300, 0x3F8), (0x1FF8, 0x1F00, 0x1FF8), (0x1FF0, 8, 8), (24, 24, 24)],
)
def test_a_word_of_which_one_byte_is_new_is_no_ring_full_of_marks(at: int, end: int, wanted: int) -> None:
    assert marks_end(at, end) == wanted


@pytest.mark.emulator
@pytest.mark.parametrize("core", sorted(KNOWN))
def test_the_stages_sum_to_the_whole(core: str) -> None:
    rom = build_rom(MODEL)
    with Console(rom.image, core) as console:
        speed = measure_speed(NamesPage(console, symbols(rom.debug)), TOKENS[core])
    assert speed.tokens >= TOKENS[core]
    profile = measure_stages(build_rom(MODEL, profiled=True), core, speed.tokens)
    stages = profile.stages()
    blocks = [block.name.replace(".", "_") for block in schedule(CONFIG)]
    assert list(stages)[: len(blocks)] == blocks
    assert {"choose", "draw", "advance", VERTICAL_BLANK} <= set(stages)
    assert min(stages.values()) > 0
    assert profile.marks["choose"] == profile.tokens == speed.tokens
    assert abs(sum(stages.values()) / speed.clocks_per_token - 1) < 0.02
    per_input = (stages["layer0_fc1"] / 16 - stages["layer0_q"] / 8) / stages["layer0_q"] * 8
    assert abs(per_input) < 0.05  # rows of eight products each


@pytest.mark.emulator
@pytest.mark.parametrize("core", sorted(KNOWN))
def test_a_profile_build_makes_the_same_logits_and_letters(core: str) -> None:
    batches = [[Request(1, 10, 2), Request(2, 10, 1, (3, 1))], [Request(3, 0, 1)]]
    with Console(build_rom(MODEL, profiled=True).image, core) as console:
        found = verify(Host(console, MODEL), Executor(MODEL), batches)
    assert (found.mismatches, found.first) == (0, None)
    assert found.tokens > 8


def test_without_profile_nothing_is_emitted() -> None:
    def unmarked(files: dict[str, bytes]) -> None:
        for name in [name for name in files if name.endswith(".asm")]:
            kept = [line for line in files[name].splitlines(keepends=True) if line.split()[:1] != [b"mark"]]
            files[name] = b"".join(kept)
        files["main.asm"] = files["main.asm"].replace(b"call mark_blank", b"")

    assert build_rom(MODEL).image == build_rom(MODEL, edit=unmarked).image


WIDTHS = (0x00, 0x10, 0x20, 0x30)
PROBE = """
        .segment "CODE"
proc probe_{flags}, 16, 16
        php
        pha
        lda #0
        sta f:mark_next         ; main clears memory; here it is as it was at power-on
        pla
        pea $0345
        pld
        pea $7E7E
        plb
        plb
        plp                     ; A, X, Y and the flags as they came; data bank $7E, direct page $0345
        sep #{flags}
        .if {flags} & $20
        .a8
        .endif
        .if {flags} & $10
        .i8
        .endif
        mark overhead
        rep #{flags}
        .a16
        .i16
        sta f:$7E2000
        php
        tdc
        sta f:$7E2002
        phb
        phb
        pla
        sta f:$7E2004
        pea 0
        pld
        phk
        plb
        lda f:$7E2000
        plp
        rts
endproc
"""


@pytest.mark.emulator
@pytest.mark.parametrize("core", sorted(KNOWN))
def test_a_mark_keeps_every_register(core: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def probes(files: dict[str, bytes]) -> None:
        files.update(sources(plan(prove(MODEL), profiled=True)))
        files["profile.asm"] += b"".join(PROBE.format(flags=flags).encode() for flags in WIDTHS)

    monkeypatch.setattr(tests.support.routine_console, "may_change", lambda name, where: frozenset())
    rom = build_routines(MODEL, probes)
    noise = np.random.default_rng(5)
    with Console(rom.image, core) as console:
        running = RoutineConsole(console, rom)
        for flags in WIDTHS:
            a, x, y = noise.integers(0, 65536, (3, 50))
            narrow = 0xFF if flags & 0x10 else 0xFFFF
            wanted = {"A": a, "X": x & narrow, "Y": y & narrow}
            after = np.stack([a, np.full(50, 0x0345), np.full(50, 0x7E7E)], 1)
            running.check(f"probe_{flags}", Call({"A": a, "X": x, "Y": y}, wanted | {"high_ram": after}))


@pytest.mark.emulator
def test_the_command_reports_stages_and_the_ratio(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    tensors = {
        name: random.normal(0, 0.4, shape).astype(np.float32) for name, shape in CONFIG.tensor_shapes().items()
    }
    weights = Weights(CONFIG, "abcdefgh", tensors)
    model = quantize(weights, "schoolbook")
    save_weights(tmp_path / "weights.npz", weights)
    save_model(tmp_path / "model.npz", model)
    path = tmp_path / "names.sfc"
    path.write_bytes(build_rom(model).image)
    arguments = [str(path), "--core", "snes9x", "--tokens", "60"]
    report = json.loads(CliRunner().invoke(bench, [*arguments, "--json"], catch_exceptions=False).stdout)
    assert report["tokens"] >= 60 and report["core"] == "snes9x"
    assert abs(report["clocks_per_token"] * report["tokens_per_second"] / 21_477_272 - 1) < 1e-6
    assert abs(sum(stage["share"] for stage in report["stages"].values()) - 1) < 1e-9
    assert abs(report["ratio"] - 1) < 0.03
    text = CliRunner().invoke(
        bench, [*arguments, "--no-schoolbook", "--temperature", "1.3"], catch_exceptions=False
    )
    assert "layer0_fc1" in text.stdout and "T = 1.3" in text.stdout and "schoolbook" not in text.stdout
    (tmp_path / "weights.npz").unlink()
    for wrong, reason in (([], "weights.npz does not exist"), (["--temperature", "0.55"], "temperature 0.55")):
        result = CliRunner().invoke(bench, [*arguments, *wrong, *(["--no-schoolbook"] if wrong else [])])
        assert isinstance(result.exception, InputError) and reason in str(result.exception)


@pytest.mark.emulator
def test_the_schoolbook_of_an_sa1_is_compared_with_that_of_a_stock_console(tmp_path: Path) -> None:
    weights = digit_weights(CONFIG)
    save_weights(tmp_path / "weights.npz", weights)
    save_model(tmp_path / "model.npz", model := quantize(weights, "schoolbook", target=SA1))
    (tmp_path / "names.sfc").write_bytes(build_rom(model).image)
    arguments = [str(tmp_path / "names.sfc"), "--tokens", "30", "--json"]
    report = json.loads(CliRunner().invoke(bench, arguments, catch_exceptions=False).stdout)
    assert report["ratio"] > 8, "digits on a stock console would be nearer"
    assert abs(report["stages_sum"] / report["clocks_per_token"] - 1) < 0.05


@pytest.mark.emulator
def test_a_rom_of_other_sources_is_timed_by_its_own_symbols_and_says_so(tmp_path: Path) -> None:
    def older(files: dict[str, bytes]) -> None:
        files["main.asm"] += b'\n        .segment "CODE"\n        nop\n'

    path, rom = tmp_path / "names.sfc", build_rom(MODEL, edit=older)
    save_model(tmp_path / "names.npz", MODEL)
    path.write_bytes(rom.image)
    path.with_suffix(".dbg").write_bytes(rom.debug)
    arguments = [str(path), "--core", "snes9x", "--tokens", "20", "--no-schoolbook"]
    done = CliRunner().invoke(bench, arguments, catch_exceptions=False)
    assert "is not what this version builds from it" in done.stderr
    assert "tokens/s" in done.stdout
    path.with_suffix(".dbg").unlink()
    refused = CliRunner().invoke(bench, arguments)
    assert isinstance(refused.exception, InputError) and "names.dbg is missing" in str(refused.exception)


@pytest.mark.emulator
def test_a_rom_that_is_not_ours_or_stands_still_is_named() -> None:
    rom = build_rom(MODEL)
    with Console(rom.image) as console, pytest.raises(InputError, match="no tokens_made"):
        page = NamesPage(console, {name: at for name, at in symbols(rom.debug).items() if name != "tokens_made"})
        measure_speed(page, 1)
    with Console(rom.image) as console, pytest.raises(InputError, match="no token within 2 frames"):
        measure_speed(NamesPage(console, symbols(rom.debug), patience=2), 50)

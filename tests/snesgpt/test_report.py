"""`snesgpt report`: a code is read, held against the cartridge that it names, and judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from asm.build import build_rom
from asm.cartridge.report_code import MAX_FRAMES, Report, Verdict, decode, encode
from snesgpt.cli import run
from snesgpt.verify.report import Compared, Judged
from snesgpt.verify.self_test import build_of, run_self_test
from tests.support.models import random_model
from trainer.config import ModelConfig

GOOD = Report(0xACB57, 2, 1, 3, 300, 469, Verdict.PASSED, sum_right=True, pal=False, sa1=False)
SAME = Compared(Path("a/rom.sfc"), "ACB57D33", "snes9x", GOOD)
ROM = build_rom(random_model(ModelConfig(9, 6, n_embd=4, n_head=2, n_hidden=4))).image


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "all is as it should be"),
        ({"frames": 305}, "all is as it should be"),
        ({"frames": 400}, "not as it should be: it is 25.0% slower than an emulator"),
        ({"frames": 250}, "not as it should be: it is 20.0% faster than an emulator"),
        (
            {"sum_right": False},
            "not as it should be: the ROM's sum is wrong: the file, the card or the flash cart changed it",
        ),
        ({"verdict": Verdict.FAILED, "tokens": 16}, "not as it should be: token 17 is wrong"),
        ({"tokens": 400}, "not as it should be: it says 400 tokens, and the ROM has 469"),
        ({"verdict": Verdict.STOPPED, "tokens": 20}, "a button stopped the self-test: run it to its end"),
        (
            {"verdict": Verdict.STOPPED, "tokens": 0, "frames": 0, "sum_right": False},
            "a button stopped the self-test: run it to its end",
        ),
    ],
)
def test_the_verdict_names_what_is_wrong(change: dict[str, int], verdict: str) -> None:
    report = replace(GOOD, **change)  # type: ignore[arg-type]
    run_to_its_end = report.verdict == Verdict.PASSED
    compared = SAME if run_to_its_end else replace(SAME, expected=None)
    assert Judged(report, compared).verdict().startswith(verdict)


def test_few_frames_are_no_measure_of_a_small_difference() -> None:
    few = replace(GOOD, frames=40)
    assert Judged(replace(few, frames=42), replace(SAME, expected=few)).close
    assert not Judged(replace(few, frames=43), replace(SAME, expected=few)).close


def test_what_is_not_known_is_said() -> None:
    assert Judged(GOOD, None).verdict() == (
        "all is as it should be; not known: whether this build is a good one, whether the speed is right"
    )
    other = Judged(replace(GOOD, build=1), SAME)
    assert other.facts()["build"] == "00001, not that of rom.sfc, ACB57: give its --rom"
    slow = Judged(replace(GOOD, frames=MAX_FRAMES), None)
    assert slow.tokens_per_second is None and "longer than a code can say" in slow.facts()["speed"]


def test_the_speed_is_that_of_the_region_and_of_every_token_computed() -> None:
    assert Judged(GOOD, None).tokens_per_second == pytest.approx(469 * 60.0988 / 300)
    failed = replace(GOOD, pal=True, verdict=Verdict.FAILED, tokens=99, frames=100)
    assert Judged(failed, None).tokens_per_second == pytest.approx(50.007)


@pytest.mark.emulator
@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_a_cartridge_s_own_code_is_judged_good(
    core: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rom = tmp_path / "own.sfc"
    rom.write_bytes(ROM)
    for pal in (False, True):
        code = encode(run_self_test(ROM, core, replace(GOOD, pal=pal)))
        assert decode(code).pal == pal
        assert run(["report", *code.lower().split("-"), "--rom", str(rom), "--core", core, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["same_build"], found["faults"], found["pal"]) == (True, [], pal)
        assert found["expected_frames"] == found["frames"] > 0
        assert (build_of(ROM) or "").startswith(found["build"])


def test_the_lines_end_with_a_text_for_an_issue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["report", encode(GOOD)]) == 0
    out = capsys.readouterr().out
    shown, _, issue = out.partition("For an issue")
    assert "build      ACB57, and no ROM to compare it with: give --rom" in shown
    assert f"- code: {encode(GOOD)}\n" in issue and issue.endswith("- what was seen: \n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ([], 2, "Missing argument"),
        (["NJTQ-44R1-5NTM-GXTC"], 1, "the fourth group is misread: NJTQ-44R1-5NTM-GXTB would fit"),
        (["NJTQ-44R1"], 1, "a code has 16 letters"),
        (["NJTQ-44R1-5NTM-GXTB", "--rom", "none.sfc"], 1, "none.sfc"),
        (["NJTQ-44R1-5NTM-GXTB", "--rom", "zeros.sfc"], 1, "zeros.sfc has no build id"),
    ],
)
def test_wrong_input_is_one_line(
    words: list[str],
    status: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("zeros.sfc").write_bytes(bytes(1 << 17))
    assert run(["report", *words]) == status
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and said in err

"""The house rules of the assembly: read from the templates and from what they become."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import quantize
from asm.build import build_rom
from asm.cartridge.header import faults
from asm.modules import DIGIT_MODULES, MODULES, OPTIONAL_MODULES, SQUARED_MODULES, STORY
from asm.render import TEMPLATES
from asm.toolchain import assemble
from asm.toolchain import link as linked
from quantize.model import IntegerModel
from quantize.model_file import load_model, save_model
from tests.support.asm_sources import Routine, routines, templates
from tests.support.models import digit_model, llama_config, llama_model, random_model, remembering
from tests.support.story_models import story_config, story_model
from tests.support.twins.registry import RUN_WHOLE, TWINS
from trainer.config import ModelConfig
from trainer.errors import InputError
from trainer.files import scratch_folder

LLAMA_MODULES = ("rotary", "gate", "cut_sum")
FAST_MODULES = ("column_sums", "clamp", "table_norm", "attention_ppu", "kernels")
MODEL = random_model(ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_layer=2, n_hidden=16))
SQUARED = replace(MODEL.config, activation="relu2")
FAST_MODEL = digit_model(MODEL.config)
LLAMA_MODEL = llama_model(llama_config(9, 5, 8, (2, 1), 2, 20))


def sources(model: IntegerModel, *, traced: bool = False) -> dict[str, str]:
    """Every generated file that is text."""
    files = build_rom(model, traced=traced).sources
    return {name: content.decode() for name, content in files.items() if name.endswith((".asm", ".inc"))}


STORY_SOURCES = sources(story_model(story_config(5)))
STORY_SOURCES = {f"{name}.asm": STORY_SOURCES[f"{name}.asm"] for name in (*STORY, "text", "join_tokens")}
SQUARED_SOURCES = sources(random_model(SQUARED)) | sources(digit_model(SQUARED))
SQUARED_SOURCES = {f"{name}.asm": SQUARED_SOURCES[f"{name}.asm"] for name in SQUARED_MODULES}
SOURCES = sources(MODEL) | STORY_SOURCES | SQUARED_SOURCES
BARE_MODEL = digit_model(MODEL.config, front=False)
SOURCES |= {f"{name}.asm": sources(BARE_MODEL, traced=True)[f"{name}.asm"] for name in DIGIT_MODULES}
MEMORY_MODULES = ("find_context", "recall")
REMEMBERING = remembering(MODEL.config, 2, 4)
MEMORY_SOURCES = sources(random_model(REMEMBERING)) | sources(digit_model(REMEMBERING))
SOURCES |= {f"{name}.asm": MEMORY_SOURCES[f"{name}.asm"] for name in MEMORY_MODULES}
FAST_SOURCES = SOURCES | sources(FAST_MODEL)
LLAMA_SOURCES = sources(LLAMA_MODEL)
FAR_MODULES = (*FAST_MODULES, *LLAMA_MODULES, "recall")

REGISTER = re.compile(r"\$(?:00)?(?:2[01][0-9A-F]{2}|4[23][0-9A-F]{2}|401[67])\b", re.I)
HEADER_LINES = 6
WIDTH_CHANGES = {"contract.inc", "main.asm", "profile.asm", "table_norm.asm", "attention_ppu.asm", "kernels.asm"}
WIDTH_CHANGES |= {f"{name}.asm" for name in LLAMA_MODULES}
"""The only files that may change register widths by hand: macros, code entered in any width, and far routines."""

JINJA = (
    nodes.Template,
    nodes.TemplateData,
    nodes.Output,
    nodes.Include,
    nodes.For,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.Filter,
)


def code(text: str) -> list[str]:
    """Lines without comments and strings."""
    return [re.sub(r'"[^"]*"', '""', line).split(";")[0] for line in text.splitlines()]


@pytest.mark.parametrize("name", sorted({*SOURCES, *FAST_SOURCES, *LLAMA_SOURCES} - {"snes.inc"}))
def test_hardware_is_reached_by_name(name: str) -> None:
    for files in (SOURCES, FAST_SOURCES, LLAMA_SOURCES):
        assert [line for line in code(files.get(name, "")) if REGISTER.search(line)] == []


def test_the_rule_about_hardware_would_see_a_bare_address() -> None:
    assert all(REGISTER.search(line) for line in ("sta $4203", "lda f:$002134", "stz $420b"))
    assert REGISTER.search("sta $1E00") is None
    assert REGISTER.search(SOURCES["snes.inc"])


@pytest.mark.parametrize("routine", routines().values(), ids=routines())
def test_a_routine_has_a_short_header(routine: Routine) -> None:
    lines = routine.header.splitlines()
    assert 1 <= len(lines) <= HEADER_LINES
    assert max(map(len, lines)) <= 130


@pytest.mark.parametrize("name", sorted({*TWINS} - {"clear_sums", "clear_hidden", "trace_slots"}))
def test_arithmetic_names_its_twin_and_what_it_changes(name: str) -> None:
    header = routines()[name].header
    assert "kills:" in header
    assert "; twin: " in header


def test_twins_and_routines_name_each_other_truly() -> None:
    for routine in routines().values():
        for twin in re.findall(r"quantize\.[\w.]*\w", routine.header):
            assert pkgutil.resolve_name(twin)
    known = set(routines()) | {path.stem for path in templates()}
    for path in sorted(Path(quantize.__path__[0]).glob("*.py")):
        named = set(re.findall(r"\basm: (\w+)", path.read_text(encoding="utf-8")))
        assert named <= known, f"{path.name} names {sorted(named - known)}"


def test_every_routine_with_arithmetic_has_a_twin_under_test() -> None:
    """Whatever says `twin:` is proved by its routine test, or runs whole in other tests."""
    says = {routine.name for routine in routines().values() if "twin:" in routine.header}
    assert says <= {*TWINS, *RUN_WHOLE}
    assert {*TWINS, *RUN_WHOLE} <= {*routines()}
    assert RUN_WHOLE.isdisjoint(TWINS)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.*")), ids=lambda path: str(path.name))
def test_a_template_decides_nothing(path: Path) -> None:
    """Names, loops and two-way choices; `%` with a constant formats, `range` counts heads: no other expression."""
    tree = Environment(trim_blocks=True, lstrip_blocks=True).parse(path.read_text(encoding="utf-8"))
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Mod):
            assert isinstance(node.left, nodes.Const) and isinstance(node.left.value, str)
        elif isinstance(node, nodes.Call):
            assert isinstance(node.node, nodes.Name) and node.node.name == "range"
        elif isinstance(node, nodes.If):
            assert not node.elif_
        else:
            assert isinstance(node, JINJA), f"{path.name}:{node.lineno}: {type(node).__name__}"


@pytest.mark.parametrize("module", [*MODULES, *OPTIONAL_MODULES, *FAR_MODULES, *STORY])
def test_a_module_keeps_the_contract(module: str) -> None:
    name = f"{module}.asm"
    far = module in FAR_MODULES
    files = LLAMA_SOURCES if module in LLAMA_MODULES else FAST_SOURCES if far else SOURCES
    lines = code(files[name])
    first = next(line for line in files[name].splitlines() if ".include" in line)
    assert "contract.inc" in first
    assert not any(re.search(r"\.smart", line) for line in lines)
    assert far or not any(re.search(r"\.scope", line) for line in lines)
    if name not in WIDTH_CHANGES:
        assert not any(re.search(r"\b(?:sep|rep)\b|\.[ai](?:8|16)\b", line) for line in lines)


TABLES_OF_JUMPS = {
    ("pages.asm", "(.loword(pages), x)"): "the screens: each is a proc of 16 and 16, and never comes back",
    ("table_norm.asm", "(.loword(variants), x)"): "labels within a norm",
}
"""The jumps whose targets are looked up: no call checks them."""

INSTRUCTION = re.compile(r"(?:\w*:)?\s+([a-z]{3})\s+(.+?)\s*")
JUMPS = {"jmp", "jml", "bra", "brl", "beq", "bne", "bcc", "bcs", "bmi", "bpl", "bvc", "bvs"}


def unchecked(files: Mapping[str, str]) -> list[str]:
    """Calls without a check, and jumps that leave their file: only rows of digits go on in another."""
    labels = {name: set(re.findall(r"^(\w+):", text, re.M)) for name, text in files.items()}
    rows = set().union(*(labels[name] for name in labels if name.startswith("kernels")))
    found = []
    for name, text in files.items():
        own = rows if name.startswith("kernels") else labels[name]
        for line in code(text) if name.endswith(".asm") else ():
            instruction = INSTRUCTION.fullmatch(line)
            mnemonic, operand = instruction.groups() if instruction else ("", "")
            target = re.sub(r"\.loword\((\w+)\)", r"\1", operand)
            stays = target in own or re.fullmatch(r":[+-]+", target) or (name, operand) in TABLES_OF_JUMPS
            if mnemonic in ("jsr", "jsl") or (mnemonic in JUMPS and not stays):
                found.append(f"{name}: {mnemonic} {operand}")
    return found


@pytest.mark.parametrize(
    "files",
    [SOURCES, FAST_SOURCES, LLAMA_SOURCES, MEMORY_SOURCES],
    ids=["schoolbook", "digits", "llama", "memory"],
)
def test_a_routine_is_reached_by_a_checked_call_only(files: dict[str, str]) -> None:
    """`proc`s and far routines are no labels: whoever jumps to one by hand is found."""
    assert unchecked(files) == []
    assert re.findall(r"^ +js[rl] .*", files["contract.inc"], re.M) == [
        "        jsr .loword(name)",
        "        jsl name",
        "        jsl take_mark",
    ]


@pytest.mark.parametrize(
    "line", ["jsl clear_sums", "jsr .loword(dot)", "jml norm_9", "jmp .loword(dot)", "bra dot"]
)
def test_the_rule_about_calls_would_see_one_by_hand(line: str) -> None:
    changed = FAST_SOURCES | {"vector.asm": FAST_SOURCES["vector.asm"] + f"        {line}         ; and on\n"}
    assert unchecked(changed) == [f"vector.asm: {line}"]


CALLEE = """
        .include "contract.inc"
        .segment "CODE"
proc near, 16, 16
        rts
endproc
proc near_narrow, 8, 16
        rts
endproc
far_proc far, 16, 16
        rtl
endproc
far_proc far_narrow, 16, 8
        rtl
endproc
far_entry far_rows, 16, 16
        rtl
"""
CALLER = """
        .include "contract.inc"
        .segment "CODE"
proc caller, 16, {wide_xy}
        {line}
endproc
"""
LINKED = """
MEMORY {
    BANK0: start = $808000, size = $100, file = %O;
    BANK1: start = $818000, size = $100, file = %O;
}
SEGMENTS {
    CODE:  load = BANK0, type = ro;
    BANK1: load = BANK1, type = ro, optional = yes;
}
"""


def link(line: str, wide_xy: int, callee: str = CALLEE, segment: str = "CODE") -> bytes:
    """A routine of these widths that does this, linked with the others."""
    files = {
        "contract.inc": SOURCES["contract.inc"],
        "caller.asm": CALLER.format(line=line, wide_xy=wide_xy).replace("CODE", segment),
        "callee.asm": callee,
        "linker.cfg": LINKED,
    }
    with scratch_folder() as folder:
        encoded = {name: text.encode() for name, text in files.items()}
        objects = assemble(encoded, ("callee", "caller"), folder).files
        return linked(objects, encoded["linker.cfg"], folder)


@pytest.mark.parametrize(
    ("line", "wide_xy", "emitted"),
    [
        ("call near", 16, "20 00 80"),
        ("tail_call near", 16, "4C 00 80"),
        ("call_far far", 16, "22 02 80 80"),
        ("call_far far_narrow", 8, "22 03 80 80"),
        ("call_far far_rows", 16, "22 04 80 80"),
    ],
)
def test_a_call_is_one_instruction(line: str, wide_xy: int, emitted: str) -> None:
    assert link(line, wide_xy)[5:] == bytes.fromhex(emitted)


WIDTHS, IS_FAR, IS_NEAR = "called with other register widths", "is a far routine", "is a near routine"


@pytest.mark.parametrize(
    ("line", "wide_xy", "refused"),
    [
        ("call near", 8, f"near {WIDTHS}"),
        ("call near_narrow", 16, f"near_narrow {WIDTHS}"),
        ("tail_call near", 8, f"near {WIDTHS}"),
        ("call_far far", 8, f"far {WIDTHS}"),
        ("call_far far_narrow", 16, f"far_narrow {WIDTHS}"),
        ("call_far far_rows", 8, f"far_rows {WIDTHS}"),
        ("a8\n        call_far far", 16, f"far {WIDTHS}"),
        ("call far", 16, f"far {IS_FAR}"),
        ("call far_narrow", 8, f"far_narrow {IS_FAR}"),
        ("call far_rows", 16, f"far_rows {IS_FAR}"),
        ("tail_call far", 16, f"far {IS_FAR}"),
        ("call_far near", 16, f"near {IS_NEAR}"),
    ],
)
def test_a_call_of_another_kind_or_width_is_refused_by_the_linker(line: str, wide_xy: int, refused: str) -> None:
    with pytest.raises(InputError, match=refused):
        link(line, wide_xy)


@pytest.mark.parametrize("line", ["call near", "tail_call near"])
def test_a_near_call_into_another_bank_is_refused_by_the_linker(line: str) -> None:
    with pytest.raises(InputError, match="near is in another bank"):
        link(line, 16, segment="BANK1")
    assert link("call_far far", 16, segment="BANK1")


@pytest.mark.parametrize("routine", routines().values(), ids=routines())
def test_a_routine_returns_as_it_was_called(routine: Routine) -> None:
    """Near ones by rts or another's, far ones by rtl."""
    mine, other = ("rtl", "rts|tail_call") if routine.far else ("rts|tail_call|bra|jmp", "rtl")
    assert re.search(rf"^(?:\w*:)?\s+(?:{mine})\b", routine.body, re.M)
    assert not re.search(rf"^(?:\w*:)?\s+(?:{other})\b", routine.body, re.M)


def test_a_call_of_what_has_no_record_is_refused_by_the_linker() -> None:
    with pytest.raises(InputError, match="Cannot evaluate assertion"):
        link("call_far take_mark", 16, CALLEE + "        .export take_mark\ntake_mark: rtl\n")


@pytest.mark.parametrize("module", [*MODULES, *OPTIONAL_MODULES, *FAR_MODULES, *STORY])
def test_labels_are_snake_case_and_code_is_lower_case(module: str) -> None:
    for line in code((LLAMA_SOURCES if module in LLAMA_MODULES else FAST_SOURCES)[f"{module}.asm"]):
        label = re.match(r"([A-Za-z]\w*):", line)
        assert label is None or label[1] == label[1].lower()
        instruction = re.match(r"(?:\w*:)?\s+([A-Za-z]{3})\b", line)
        assert instruction is None or instruction[1] == instruction[1].lower()


def test_widths_are_never_guessed() -> None:
    assert ".smart -" in SOURCES["contract.inc"]


@pytest.mark.slow
@pytest.mark.parametrize("model", [MODEL, FAST_MODEL, LLAMA_MODEL], ids=["schoolbook", "digits", "llama"])
def test_the_same_model_gives_the_same_bytes(tmp_path: Path, model: IntegerModel) -> None:
    save_model(tmp_path / "model.npz", model)
    first, again = build_rom(model), build_rom(load_model(tmp_path / "model.npz"))
    assert first.image == again.image
    assert first.sources == again.sources
    assert faults(first.image) == []
    assert build_rom(model, traced=True).image != first.image
    assert build_rom(replace(model, info={"temperature": 1.0})).image != first.image


def test_sources_hold_no_path_and_no_date() -> None:
    for name, text in [*SOURCES.items(), *FAST_SOURCES.items(), *LLAMA_SOURCES.items()]:
        assert not re.search(r"/(?:tmp|home|work|usr)/|\b20[23]\d-\d\d|\d\d:\d\d:\d\d", text), name

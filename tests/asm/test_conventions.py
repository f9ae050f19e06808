"""The house rules of the assembly: read from the templates and from what they become."""

from __future__ import annotations

import pkgutil
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import quantize
from asm.build import build_rom
from asm.cartridge.header import faults
from asm.layout import MODULES, STORY
from asm.render import TEMPLATES
from quantize.model import IntegerModel
from quantize.model_file import load_model, save_model
from tests.support.asm_sources import Routine, routines, templates
from tests.support.models import digit_model, llama_config, llama_model, random_model
from tests.support.story_models import story_config, story_model
from tests.support.twins.registry import RUN_WHOLE, TWINS
from trainer.config import ModelConfig

LLAMA_MODULES = ("rotary", "gate", "cut_sum")
FAST_MODULES = ("digits", "table_norm", "attention_ppu", "kernels")
MODEL = random_model(ModelConfig(9, block_size=5, n_embd=8, n_head=2, n_layer=2, n_hidden=16))
FAST_MODEL = digit_model(MODEL.config)
LLAMA_MODEL = llama_model(llama_config(9, 5, 8, (2, 1), 2, 20))


def sources(model: IntegerModel) -> dict[str, str]:
    """Every generated file that is text."""
    return {name: content.decode() for name, content in build_rom(model).sources.items() if name != "font.2bpp"}


STORY_SOURCES = sources(story_model(story_config(5)))
STORY_SOURCES = {f"{name}.asm": STORY_SOURCES[f"{name}.asm"] for name in STORY}
SOURCES = sources(MODEL) | STORY_SOURCES
FAST_SOURCES = sources(FAST_MODEL) | STORY_SOURCES
LLAMA_SOURCES = sources(LLAMA_MODEL)
FAR_MODULES = (*FAST_MODULES, *LLAMA_MODULES)

REGISTER = re.compile(r"\$(?:00)?(?:2[01][0-9A-F]{2}|4[23][0-9A-F]{2}|401[67])\b", re.I)
HEADER_LINES = 6
WIDTH_CHANGES = {"contract.inc", "main.asm", "profile.asm", "digits.asm", "attention_ppu.asm", "kernels.asm"}
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


@pytest.mark.parametrize("module", [*MODULES, *FAR_MODULES, *STORY])
def test_a_module_keeps_the_contract(module: str) -> None:
    name = f"{module}.asm"
    far = module in FAR_MODULES
    files = LLAMA_SOURCES if module in LLAMA_MODULES else FAST_SOURCES if far else SOURCES
    lines = code(files[name])
    first = next(line for line in files[name].splitlines() if ".include" in line)
    assert "contract.inc" in first
    assert not any(re.search(r"\bjsr\b|\.smart", line) for line in lines)
    assert far or not any(re.search(r"\bjsl\b|\.scope", line) for line in lines)
    if name not in WIDTH_CHANGES:
        assert not any(re.search(r"\b(?:sep|rep)\b|\.[ai](?:8|16)\b", line) for line in lines)


@pytest.mark.parametrize("module", [*MODULES, *FAR_MODULES, *STORY])
def test_labels_are_snake_case_and_code_is_lower_case(module: str) -> None:
    for line in code((LLAMA_SOURCES if module in LLAMA_MODULES else FAST_SOURCES)[f"{module}.asm"]):
        label = re.match(r"([A-Za-z]\w*):", line)
        assert label is None or label[1] == label[1].lower()
        instruction = re.match(r"(?:\w*:)?\s+([A-Za-z]{3})\b", line)
        assert instruction is None or instruction[1] == instruction[1].lower()


def test_widths_are_never_guessed() -> None:
    assert ".smart -" in SOURCES["contract.inc"]


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

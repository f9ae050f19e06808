"""The manual: whole in one file, true to what was built, and printed with the right page numbers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from publish.cartridges import TITLES
from publish.facts import Facts, facts
from publish.manual import HTML, PDF, SOURCE, Edition, Model, manual, page_numbers, timeless
from publish.pages import ROOT
from quantize.kernel import TARGETS
from tests.publish.html import Html

A5 = (420, 595)
MODELS = (Model(TITLES[0], (Edition("any <Super> Nintendo", "a.sfc", Facts(4192, 1 << 17, 117.24)),)),)


def publish(folder: Path, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in a folder that has checkpoints/ and build/."""
    return subprocess.run(
        [sys.executable, "-m", "publish", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": path},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `make cartridges` made those of one model."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "checkpoints").mkdir()
    shutil.copy(ROOT / "checkpoints/microgpt.npz", folder / "checkpoints")
    for target in TARGETS:
        made = folder / "build/cartridges" / f"microgpt-{target}"
        made.mkdir(parents=True)
        model, rom = str(made / "model.npz"), str(made / "snes_gpt.sfc")
        weights = str(folder / "checkpoints/microgpt.npz")
        for command in (["quantize", weights, "--target", target, "--out", model], ["build", model, "--out", rom]):
            done = subprocess.run(
                [sys.executable, "-m", "snesgpt", *command], cwd=ROOT, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
        (made / "build.txt").write_text(done.stdout)  # as the Makefile keeps what was printed last
    return folder


@pytest.fixture(scope="session")
def chromium() -> None:
    """The browser that prints: fetched where apt-get can."""
    subprocess.run(["sh", ROOT / "scripts/get-tool.sh", "chromium"], check=True)


def test_the_manual_is_one_file_that_loads_nothing() -> None:
    page = Html(manual(MODELS))
    style = re.search(r"<style>(.*?)</style>", page.source, re.DOTALL)
    assert page.faults == [] and page.runs == ["style"] and style
    assert page.loads and all(address.startswith("data:") for address in page.loads)
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert page.policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    assert "url(" not in style[1] and "@import" not in style[1]


def test_the_manual_has_the_chapters_of_the_page_of_docs_and_what_is_in_the_box() -> None:
    page = Html(manual(MODELS))
    chapters = re.findall(r"^## (.*)$", SOURCE.read_text(), re.MULTILINE)
    assert {"Title", "X-ray", "The battery", "What is not tested"} < set(chapters)
    for chapter in chapters:
        assert (f">{chapter}</h2>" in page.source) == (chapter != "Pictures")
    for fact in ("any <Super> Nintendo", "a.sfc", "128 KiB", "4,192 weights", "117"):
        assert fact in page.text
    assert all(link.partition("#")[2] in page.ids for link in page.links if link.startswith("#"))
    assert all(link.startswith(("#", "https://")) for link in page.links)


def test_a_cartridge_that_is_not_built_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    shutil.copy(ROOT / "checkpoints/microgpt.npz", tmp_path / "checkpoints")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/chromium").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin/chromium").chmod(0o755)
    done = publish(tmp_path, str(tmp_path / "bin"), "manual", "--out", str(tmp_path / "out"))
    assert done.returncode == 1 and done.stderr == (
        "Error: build/cartridges/microgpt-stock/snes_gpt.sfc is not there: run make cartridges first\n"
    )
    assert not (tmp_path / "out").exists()


def test_without_chromium_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    done = publish(tmp_path, str(tmp_path), "manual", "--out", str(tmp_path / "out"))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "sh scripts/get-tool.sh chromium" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_chromium_that_fails_is_named_and_nothing_is_written(built: Path, tmp_path: Path) -> None:
    half = 'for word; do case $word in --print-to-pdf=*) echo half >"${word#*=}";; esac; done'
    (tmp_path / "chromium").write_text(f"#!/bin/sh\n{half}\necho no room >&2\nexit 1\n")
    (tmp_path / "chromium").chmod(0o755)
    done = publish(built, f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "manual", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr == f"Error: {tmp_path / 'chromium'} could not print the manual: no room\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_facts_are_those_of_the_built_cartridge(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from publish.cartridges import cartridges

    monkeypatch.chdir(built)
    stock, sa1 = (facts(cartridge) for cartridge in cartridges())
    assert stock.weights == sa1.weights == 4192
    assert stock.size == (built / "build/cartridges/microgpt-stock/snes_gpt.sfc").stat().st_size
    assert 100 < stock.tokens_per_second < 2 * stock.tokens_per_second < sa1.tokens_per_second


def test_a_pdf_keeps_nothing_of_when_it_was_made() -> None:
    texts = [
        b"/CreationDate (D:%d1122214025+00'00')\n/ID (node%08d)\n/ID (node%08d)\n/Headers [(node%08d)]"
        % (year, node + 9, node, node + 9)
        for year, node in ((2026, 57), (2027, 59))
    ]
    first, second = map(timeless, texts)
    assert first == second and len(first) == len(texts[0])
    assert [*re.findall(rb"node(\d+)", first)] == [b"00000001", b"00000000", b"00000001"]


@pytest.mark.slow
@pytest.mark.usefixtures("chromium")
def test_the_contents_of_the_printed_booklet_name_the_right_pages(built: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    for out in (first, again):
        done = publish(built, os.environ["PATH"], "manual", "--out", str(out))
        assert (done.returncode, done.stderr) == (0, "")
    pdf, page = (first / PDF).read_bytes(), Html((first / HTML).read_text())
    assert pdf == (again / PDF).read_bytes()
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert len(sizes) > 8 and {tuple(round(float(side)) for side in size) for size in sizes} == {A5}
    numbers = page_numbers(pdf)
    shown = re.findall(r'<a href="#([^"]+)">[^<]+</a><span class="number">(\d+)</span>', page.source)
    assert dict(shown) == {anchor: str(number) for anchor, number in numbers.items()}
    assert [int(number) for _, number in shown] == sorted(numbers.values())
    assert len(shown) == page.source.count('<li><a href="#')
    assert int(shown[0][1]) > 1 and int(shown[-1][1]) == len(sizes)

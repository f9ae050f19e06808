"""A hand-written ROM in both emulators: memory, pads, pictures, sound, life cycle, and the `play` command.

Link 4 of the chain depends on this: what the host reads is what the console holds.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from ctypes import Structure
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from asm.cartridge.header import with_checksum
from asm.render import TEMPLATES
from snesgpt.commands.play import command as play
from snesgpt.emulator.console import BUTTONS, Console
from snesgpt.emulator.cores import KNOWN
from snesgpt.emulator.libretro_api import every_class_has_a_signature
from trainer.errors import InputError

pytestmark = pytest.mark.emulator

ROMS = Path(__file__).parents[1] / "roms"
FRAMES, PAD1, PAD2, POWER_ON, COLOUR = 0x10, 0x12, 0x14, 0x16, 0x18  # console.s
CORES = pytest.mark.parametrize("core", sorted(KNOWN))
SKY = (4, 17, 30)  # red, green, blue, 5 bits each: all different, all with a low bit that counts


@pytest.fixture(scope="session")
def rom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rom")
    image = folder / "console.sfc"
    subprocess.run(
        ["ca65", "-I", TEMPLATES / "include", ROMS / "console.s", "-o", folder / "console.o"], check=True
    )
    subprocess.run(["ld65", "-C", ROMS / "lorom.cfg", folder / "console.o", "-o", image], check=True)
    image.write_bytes(with_checksum(image.read_bytes()))
    return image


@pytest.fixture(params=sorted(KNOWN))
def console(rom: Path, request: pytest.FixtureRequest) -> Iterator[Console]:
    with Console(rom, request.param) as opened:
        yield opened


def word(console: Console, offset: int) -> int:
    return int(console.read_words(offset, 1).view(np.uint16)[0])


def test_a_frame_is_one_nmi(console: Console) -> None:
    console.run(3)
    before = word(console, FRAMES)
    console.run(20)
    assert word(console, FRAMES) == before + 20
    assert console.frames == 23
    assert console.region == "NTSC" and 60.0 < console.frames_per_second < 60.2


@CORES
def test_region_is_the_header_s(rom: Path, core: str) -> None:
    image = rom.read_bytes()
    with Console(with_checksum(image[:0x7FD9] + b"\x02" + image[0x7FDA:]), core) as console:
        console.run(5)
        assert console.region == "PAL" and 50.0 < console.frames_per_second < 50.1


def test_wram_is_the_console_s_own(console: Console) -> None:
    console.run(5)
    console.wram[0x1FFFF] = 0xA5
    console.write(0x1000, b"\x01\x80\xff")
    console.write_words(FRAMES, np.array([0xFFFE]))
    console.run(3)
    assert word(console, FRAMES) == 1
    assert console.read(0x1FFFF, 1) == b"\xa5"
    assert console.read(0x1000, 3) == b"\x01\x80\xff"
    assert console.read_words(0x1001, 1).tolist() == [-128]  # an odd address, little endian, signed
    assert console.wram.shape == (0x20000,) and console.vram.shape == (0x10000,) and not console.sram.size


ASKS = "78 A9 20 8D 00 22 9C 03 22 A9 81 8D 04 22 A9 80 8D 01 22 9C 00 22 AD 00 23 85 10 80 F9"
"""sei; the SA-1 stopped, its reset vector $8100, its interrupt let through; go; for ever: what it asks, to $10"""
SA1_ASKS = "A9 80 8D 09 22 80 FE"
"""An interrupt, please; for ever nothing"""
LISTENS = "18 FB C2 30 A2 FF 1F 9A 64 10 58 80 FE"
"""Native, 16 bits, a stack; $10 = 0; cli; for ever nothing"""
COUNTS = "E6 10 40"
"""inc $10; rti"""


def cartridge(map_mode: int, chipset: int, code: str, more: str) -> bytes:
    """32 KiB with code at $8000, where it begins, and at $8100, where the interrupt goes."""
    image = bytearray(0x8000)
    for start, text in ((0, code), (0x100, more)):
        image[start : start + len(bytes.fromhex(text))] = bytes.fromhex(text)
    image[0x7FC0:0x7FDC] = b"A TEST".ljust(21) + bytes([map_mode, chipset, 7, 5, 1, 0x33, 0])
    image[0x7FEE:0x7FF0], image[0x7FFC:0x7FFE] = b"\x00\x81", b"\x00\x80"
    return with_checksum(bytes(image))


@CORES
def test_an_interrupt_that_nobody_took_is_gone_with_its_cartridge(core: str) -> None:
    with Console(cartridge(0x23, 0x35, ASKS, SA1_ASKS), core) as console:
        console.run(5)
        assert word(console, 0x10) & 0x80, "the SA-1 asks"
    with Console(cartridge(0x20, 0x00, LISTENS, COUNTS), core) as console:
        console.run(5)
        assert word(console, 0x10) == 0


def test_words_wrap_and_come_back(console: Console) -> None:
    values = np.array([-32768, -1, 0, 1, 32767], np.int16)
    console.write_words(0x3001, values)
    assert np.array_equal(console.read_words(0x3001, 5), values)


def test_memory_beyond_wram_is_refused(console: Console) -> None:
    for offset, size in ((0x1FFFF, 2), (0x20000, 1), (-1, 1), (0, -1)):
        with pytest.raises(IndexError, match="WRAM offset"):
            console.read(offset, size)
    with pytest.raises(IndexError):
        console.write(0x1FFFE, b"abc")


def test_every_button_reaches_its_bit(console: Console) -> None:
    console.run(10)
    for bit, button in enumerate(BUTTONS):
        console.press(button)
        console.run(2)
        assert (word(console, PAD1), word(console, PAD2)) == (0x8000 >> bit, 0), button


def test_pads_are_apart_and_let_go(console: Console) -> None:
    console.press("a", "start")
    console.press("l", "l", pad=2)
    console.run(10)
    assert (word(console, PAD1), word(console, PAD2)) == (0x1080, 0x0020)
    console.release()
    console.run(2)
    assert (word(console, PAD1), word(console, PAD2)) == (0, 0)


def test_no_such_button_or_pad(console: Console) -> None:
    with pytest.raises(InputError, match="no button fire"):
        console.press("fire")
    with pytest.raises(InputError, match="no pad 3"):
        console.press("a", pad=3)


def test_picture_has_the_right_colours(console: Console, tmp_path: Path) -> None:
    red, green, blue = SKY
    console.run(3)
    console.write_words(COLOUR, np.array([red | green << 5 | blue << 10]))
    console.run(3)
    expected = np.array([level << 3 | level >> 2 for level in SKY], np.uint8)
    assert console.picture.shape == (224, 256, 3)
    assert (console.picture == expected).all()
    console.screenshot(tmp_path / "new" / "sky.png")
    with Image.open(tmp_path / "new" / "sky.png") as image:
        assert image.size == (256, 224) and np.array_equal(np.asarray(image), console.picture)


def test_no_picture_before_the_first_frame(console: Console) -> None:
    with pytest.raises(RuntimeError, match="first frame"):
        _ = console.picture


def test_run_until_stops_at_the_frame_or_the_limit(console: Console) -> None:
    console.run(5)
    goal = word(console, FRAMES) + 7
    assert console.run_until(lambda c: word(c, FRAMES) == goal, 50) == 7
    with pytest.raises(TimeoutError, match="10 frames"):
        console.run_until(lambda c: False, 10)


def test_reset_restarts_and_keeps_memory(console: Console) -> None:
    console.run(10)
    console.write(0x100, b"\x34\x12")
    console.reset()
    console.run(5)
    assert word(console, FRAMES) < 6
    assert word(console, POWER_ON) == 0x1234


def test_power_on_memory_is_what_the_seed_says(console: Console) -> None:
    console.scramble(seed=7)
    expected = word(console, 0x100)
    console.run(5)
    assert word(console, POWER_ON) == expected
    assert len(set(console.vram.tobytes())) == 256


def test_both_cores_agree_on_all_they_show(rom: Path) -> None:
    seen = []
    for core in sorted(KNOWN):
        with Console(rom, core) as console:
            console.scramble(seed=1)
            console.press("a")
            console.run(20)
            seen.append((console.wram.tobytes(), console.vram.tobytes(), console.picture.tobytes()))
    assert seen[0] == seen[1]


@CORES
def test_sound_is_kept_when_asked_for(rom: Path, core: str) -> None:
    with Console(rom, core, audio=True) as console:
        console.run(60)
        samples, channels = console.audio.shape
        assert console.audio.dtype == np.int16 and channels == 2
        assert abs(samples / console.sample_rate - 60 / console.frames_per_second) < 1 / 60


@CORES
def test_opens_again_and_again_from_scratch(rom: Path, core: str) -> None:
    first = []
    for _ in range(12):
        with Console(rom, core) as console:
            console.scramble(seed=3)
            console.press("b")
            console.run(4)
            first.append(console.wram.tobytes())
    assert len(set(first)) == 1


@CORES
def test_one_console_per_core(rom: Path, core: str) -> None:
    other = next(name for name in KNOWN if name != core)
    with Console(rom, core) as console:
        with pytest.raises(RuntimeError, match="already open"):
            Console(rom, core)
        with Console(rom.read_bytes(), other) as second:
            second.run(2)
        console.run(2)
    with pytest.raises(RuntimeError, match="closed"):
        console.run()
    with pytest.raises(RuntimeError, match="closed"):
        _ = console.wram
    console.close()


@CORES
def test_a_core_says_nothing(rom: Path, core: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Console(rom, core) as console:
        console.run(5)
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_is_heard(console: Console) -> None:
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        console.run(1_000_000)
    console.run()


def test_missing_files_are_one_line(tmp_path: Path, rom: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.sfc").touch()
    (tmp_path / "text.so").write_text("not a library")
    monkeypatch.setattr("snesgpt.emulator.cores._folders", lambda known: [tmp_path])
    cases: list[tuple[Path, str | Path, str]] = [
        (rom, "bsnes", "no core bsnes .*: `make emulators` fetches it"),
        (rom, "snes9x", "no core snes9x .*: `make emulators` fetches it"),
        (rom, "rtl", "no core rtl .*: `make rtl` makes it"),
        (rom, "zsnes", "core zsnes does not exist: give snes9x, bsnes, rtl or the path"),
        (rom, tmp_path, "is a directory"),
        (rom, tmp_path / "text.so", "is not a libretro core"),
        (tmp_path / "absent.sfc", sys.executable, "absent.sfc does not exist"),
        (tmp_path / "empty.sfc", sys.executable, "empty"),
        (rom, sys.executable, "is not a libretro core"),
    ]
    for path, core, message in cases:
        with pytest.raises(InputError, match=message) as error:
            Console(path, core)
        assert "\n" not in str(error.value)


def test_cores_are_found_without_importing_them() -> None:
    code = "import sys, snesgpt.emulator.cores as c; c.find_core('snes9x'); print('stable_retro' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def run_play(*arguments: str | Path) -> Result:
    return CliRunner().invoke(play, [str(argument) for argument in arguments])


@CORES
def test_play_reports_and_takes_a_picture(rom: Path, core: str, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    arguments = ("--core", core, "--frames", "30", "--press", "3:a+start", "--press", "5:b", "--screenshot", shot)
    result = run_play(rom, *arguments, "--json")
    report = json.loads(result.stdout)
    assert (report["frames"], report["region"], report["faults"]) == (30, "NTSC", [])
    with Image.open(shot) as image:
        assert image.size == (256, 224)
    assert f"{rom}: 30 frames" in run_play(rom, *arguments).stdout


def test_play_presses_and_lets_go(rom: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[tuple[int, tuple[str, ...]]] = []
    monkeypatch.setattr(Console, "press", lambda self, *buttons: held.append((self.frames, buttons)))
    run_play(rom, "--frames", "40", "--press", "20:start", "--press", "3:A+up", "--press", "5:b", "--hold", "4")
    assert held == [(3, ("a", "up")), (5, ("a", "up", "b")), (7, ("b",)), (9, ()), (20, ("start",)), (24, ())]


@pytest.mark.parametrize("press", ["start", "5", "x:a", "-1:a", "5:", "5:fire", "5:a+", "30:a", "²:a"])
def test_play_refuses_a_bad_press(rom: Path, press: str) -> None:
    result = run_play(rom, "--frames", "30", f"--press={press}")
    assert isinstance(result.exception, InputError) and "--press" in str(result.exception)


def test_play_refuses_what_the_emulators_would_run_as_garbage(rom: Path, tmp_path: Path) -> None:
    image = rom.read_bytes()
    cases = {
        "copier header": bytes(512) + image,
        "reset vector": with_checksum(image[:0x7FFC] + b"\0\0" + image[0x7FFE:]),
        "complement": image[:0x7FDC] + b"\0\0" + image[0x7FDE:],
        "size": image + image[:0x4000],
        "not a cartridge": image[:1000],
    }
    for name, broken in cases.items():
        (tmp_path / "broken.sfc").write_bytes(broken)
        result = run_play(tmp_path / "broken.sfc")
        assert isinstance(result.exception, InputError) and name in str(result.exception)
        assert "\n" not in str(result.exception)


def test_play_warns_of_what_it_can_run(rom: Path, tmp_path: Path) -> None:
    image = bytearray(rom.read_bytes())
    image[0x7000] ^= 1
    (tmp_path / "patched.sfc").write_bytes(image)
    result = run_play(tmp_path / "patched.sfc", "--frames", "2")
    assert result.exit_code == 0 and "warning" in result.stderr and "checksum" in result.stderr


def test_libretro_can_be_imported_by_the_first_versions_of_3_11() -> None:
    class Empty(Structure):
        _fields_ = ()

    with pytest.raises(ValueError):
        inspect.signature(Empty)
    with every_class_has_a_signature():
        assert str(inspect.signature(Empty)) == "()"
        assert str(inspect.signature(word)) == "(console: 'Console', offset: 'int') -> 'int'"
    with pytest.raises(ValueError):
        inspect.signature(Empty)

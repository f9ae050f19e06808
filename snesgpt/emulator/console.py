"""A Super Nintendo without a screen: a ROM in a real emulator, frame by frame, memory open to the host.

A core's state is global to its library, so one console per core is open at a time. After `close` the next may
open, any number of times: the library is unloaded in between. Else bsnes hands on what it never sets back, such as
an interrupt of an SA-1 that nobody took: on a stock console it would never end. Cores take anything for a ROM, a
single byte too, and run what they find: judge it first (`asm.cartridge.header`). Their power-on memory differs:
Snes9x 0x55 everywhere; bsnes random, PPU registers too, seeded by the second of the clock and by nothing else.
`scramble` gives WRAM and VRAM of both the same reproducible noise; registers a program must set itself, as on the
console.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import (
    CDLL,
    POINTER,
    Structure,
    addressof,
    c_int,
    c_uint8,
    c_void_p,
    cast,
    create_string_buffer,
    string_at,
)
from pathlib import Path
from struct import pack
from types import TracebackType
from typing import Any, Self

if sys.platform != "win32":
    from _ctypes import dlclose

import numpy as np
from numpy.typing import NDArray

from asm.cartridge.header import read_image
from snesgpt.emulator.core_thread import CoreThread
from snesgpt.emulator.cores import find_core, patience_with
from trainer.errors import InputError
from trainer.files import whole_file

BUTTONS = ("b", "y", "select", "start", "up", "down", "left", "right", "a", "x", "l", "r")  # libretro's order
PADS = 2
DEVICES = {"nothing": 0, "pad": 1, "mouse": 2}  # libretro's numbers
JOYPAD = DEVICES["pad"]
MOUSE_X, MOUSE_Y, MOUSE_LEFT, MOUSE_RIGHT = range(4)
SRAM, WRAM, VRAM = 0, 2, 3  # libretro: kinds of memory
RGB555, XRGB8888, RGB565 = 0, 1, 2  # libretro: pixel formats
_open: set[Path] = set()


class Console:
    """A ROM in a core, powered on and waiting for its first frame. Use as a context manager, or `close`.

    rom: a path, or the bytes of a cartridge; core: `snes9x`, `bsnes`, `rtl` or the path of a libretro core;
    audio: keep the sound (128 KB a second), see `audio`; patience: seconds until a frame that does not end is given
    up, which raises TimeoutError, and this process can use the core no more; without it, as the core needs.
    Raises InputError when ROM or core is missing or refuses, RuntimeError while another console has the core.
    """

    def __init__(
        self,
        rom: Path | bytes,
        core: str | Path = "snes9x",
        *,
        audio: bool = False,
        patience: float | None = None,
    ) -> None:
        image = rom if isinstance(rom, bytes) else read_image(rom)
        self._path = find_core(core)
        if self._path in _open:
            raise RuntimeError(f"{self._path.name} is already open in this process: close that console first")
        self._held = [0] * PADS
        self._samples: list[bytes] | None = [] if audio else None
        self._host = _Host(self._held, self._samples)
        self._thread = CoreThread(patience_with(core) if patience is None else patience)
        self.frames = 0
        with _raised_in_callbacks_of(self._host):
            try:
                self._core = self._thread.call(lambda: self._host.start(self._path))
            except InputError:
                self._thread.end()
                raise
            _open.add(self._path)
            loaded = self._thread.call(lambda: self._host.load(self._core, image))
        info = self._core.get_system_info()
        self.name = f"{info.library_name.decode()} {info.library_version.decode()}"
        if not loaded:
            self._off()
            raise InputError(f"{self.name} refuses this ROM: is it a Super Nintendo cartridge?")
        timing = self._core.get_system_av_info().timing
        self.frames_per_second: float = timing.fps
        self.sample_rate: float = timing.sample_rate
        self.region = "PAL" if self._core.get_region() else "NTSC"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Switch off. Arrays taken from `wram`, `vram` and `sram` must not be touched afterwards."""
        if self._core is not None:
            self._thread.call(self._core.unload_game)
            self._off()

    def _off(self) -> None:
        self._thread.call(self._core.deinit)
        self._thread.end()
        self._host.unload()
        self._core = None
        _open.discard(self._path)

    def run(self, frames: int = 1) -> None:
        """Run whole frames (1/60.1 s NTSC each). Ctrl-C is heard between two of them.

        Raises TimeoutError when one does not end: the console is then closed.
        """
        core, host, end = self._alive(), self._host, self.frames + frames
        self._last = end

        def run() -> None:
            while self.frames < self._last and not raised:
                host.keep_picture = self.frames == end - 1
                core.run()
                self.frames += 1

        with _raised_in_callbacks_of(host) as raised:
            try:
                self._thread.call(run, lambda: self.frames)
            except TimeoutError:
                self._core = None
                raise
            except KeyboardInterrupt:
                self._last = 0
                self._thread.finish()
                raise

    def run_until(self, predicate: Callable[[Console], Any], limit_frames: int) -> int:
        """Run until `predicate(console)` is true after a frame; returns frames run.

        Raises TimeoutError when it is not true after `limit_frames`.
        """
        for frame in range(1, limit_frames + 1):
            self.run()
            if predicate(self):
                return frame
        raise TimeoutError(f"{self.name}: nothing after {limit_frames} frames")

    def reset(self) -> None:
        """Push the reset button: WRAM and VRAM keep what they hold, as on the console."""
        self._thread.call(self._alive().reset)

    def press(self, *buttons: str, pad: int = 1) -> None:
        """Hold exactly these buttons of a pad (1 or 2) from the next frame on. Names: BUTTONS.

        Raises InputError for a button or pad that does not exist.
        """
        for button in buttons:
            if button not in BUTTONS:
                raise InputError(f"no button {button}: there are {' '.join(BUTTONS)}")
        if not 1 <= pad <= PADS:
            raise InputError(f"no pad {pad}: there are 1 and 2")
        self._held[pad - 1] = sum(1 << BUTTONS.index(button) for button in set(buttons))

    def plug(self, device: str, pad: int = 1) -> None:
        """Put something into a port instead of its pad: `nothing`, `pad` or `mouse`, which then moves and clicks
        without rest.
        """
        core = self._alive()
        self._thread.call(lambda: core.set_controller_port_device(pad - 1, DEVICES[device]))

    def release(self) -> None:
        """Let go of every button of both pads."""
        self._held[:] = [0] * PADS

    @property
    def wram(self) -> NDArray[np.uint8]:
        """(131072,) the console's work RAM itself, $7E0000–$7FFFFF, writable. Valid until `close`."""
        return self._memory(WRAM)

    @property
    def vram(self) -> NDArray[np.uint8]:
        """(65536,) video RAM, writable; empty when the core does not show it. Valid until `close`."""
        return self._memory(VRAM)

    @property
    def sram(self) -> NDArray[np.uint8]:
        """(size,) the cartridge's save RAM, writable; empty when it has none. Valid until `close`."""
        return self._memory(SRAM)

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes of WRAM from an offset 0…0x1FFFF. Raises IndexError beyond it."""
        return self._wram_slice(offset, size).tobytes()

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes into WRAM. Raises IndexError beyond its end."""
        self._wram_slice(offset, len(data))[:] = np.frombuffer(data, np.uint8)

    def read_words(self, offset: int, count: int) -> NDArray[np.int16]:
        """(count,) signed words at a WRAM offset, a copy; `.view(np.uint16)` for unsigned. Raises IndexError."""
        return self._wram_slice(offset, 2 * count).view("<i2").astype(np.int16)

    def write_words(self, offset: int, words: NDArray[np.integer[Any]]) -> None:
        """Put words, modulo 2^16, into WRAM. Raises IndexError beyond its end."""
        self.write(offset, np.asarray(words).astype("<i2").tobytes())

    def scramble(self, seed: int) -> None:
        """Fill WRAM and VRAM with seeded noise; before the first frame that is power-on memory."""
        noise = np.random.default_rng(seed)
        for memory in (self.wram, self.vram):
            memory[:] = noise.integers(0, 256, memory.size, dtype=np.uint8)

    @property
    def picture(self) -> NDArray[np.uint8]:
        """(height, width, 3) RGB of the last frame; the 5-bit levels v of the machine are 8v + v//4.

        224 × 256, and the same bytes from either core. bsnes always sends 512 columns: they are halved unless
        the program draws in high resolution. Raises RuntimeError before the first frame.
        """
        self._alive()
        return self._host.picture()

    def screenshot(self, path: Path) -> None:
        """Write the last frame as PNG, whole or not at all. Raises InputError when it cannot be written."""
        from PIL import Image

        picture = Image.fromarray(self.picture)
        with whole_file(path) as temporary:
            picture.save(temporary, format="PNG")

    @property
    def audio(self) -> NDArray[np.int16]:
        """(samples, 2) left and right since power-on, at `sample_rate` Hz; empty without `audio=True`."""
        return np.frombuffer(b"".join(self._samples or ()), np.int16).reshape(-1, 2)

    def _alive(self) -> Any:
        if self._core is None:
            raise RuntimeError("this console is closed")
        return self._core

    def _memory(self, kind: int) -> NDArray[np.uint8]:
        core = self._alive()
        size, data = core.get_memory_size(kind), core.get_memory_data(kind)
        if not size or not data:
            return np.empty(0, np.uint8)
        return np.ctypeslib.as_array(cast(data, POINTER(c_uint8)), (size,))

    def _wram_slice(self, offset: int, size: int) -> NDArray[np.uint8]:
        wram = self.wram
        if not 0 <= offset <= offset + size <= wram.size:
            raise IndexError(f"WRAM offset {offset:#x} + {size} bytes: there are {wram.size:#x}")
        return wram[offset : offset + size]


class _Host:
    """The callbacks of a core. Python is entered forty times a frame, so each of these does next to nothing."""

    def __init__(self, held: list[int], samples: list[bytes] | None) -> None:
        self.held = held
        self.samples = samples
        self.options: dict[bytes, bytes] = {}
        self.pixel_format = RGB555
        self.keep_picture = True
        self.frame: tuple[bytes, int, int, int] | None = None
        self.image: Any = None
        self.answers: dict[int, Callable[[int], bool]] = {}

    def start(self, path: Path) -> Any:
        """Load the library and give it its callbacks. Raises InputError if it is not a libretro core."""
        from snesgpt.emulator.libretro_api import Core, EnvironmentCall, log, options

        self.log = log.retro_log_callback(log.retro_log_printf_t(lambda level, text: None))
        self.variable = options.retro_variable
        self.answers = {
            int(EnvironmentCall.SET_PIXEL_FORMAT): self.set_pixel_format,
            int(EnvironmentCall.GET_LOG_INTERFACE): self.get_log_interface,
            int(EnvironmentCall.SET_VARIABLES): self.set_variables,
            int(EnvironmentCall.GET_VARIABLE): self.get_variable,
        }
        try:
            self.library = CDLL(str(path))
            core = Core(self.library)
        except (OSError, ValueError) as error:
            raise InputError(f"{path} is not a libretro core of this machine: {error}") from error
        core.set_environment(self.environment)
        core.set_video_refresh(self.video_refresh)
        core.set_audio_sample(self.audio_sample)
        core.set_audio_sample_batch(self.audio_batch)
        core.set_input_poll(self.input_poll)
        core.set_input_state(self.input_state)
        core.init()
        return core

    def unload(self) -> None:
        """Forget the library, and all its state."""
        if sys.platform != "win32":
            dlclose(self.library._handle)

    def load(self, core: Any, image: bytes) -> bool:
        """Put the cartridge in. Its real path stays hidden, so no file beside it (.bml, .msu) changes a run."""
        from snesgpt.emulator.libretro_api import retro_game_info

        self.image = create_string_buffer(image, len(image))
        return bool(core.load_game(retro_game_info(b"cartridge.sfc", addressof(self.image), len(image), None)))

    def environment(self, command: int, data: int | None) -> bool:
        answer = self.answers.get(command)
        return answer is not None and data is not None and answer(data)

    def set_pixel_format(self, data: int) -> bool:
        self.pixel_format = c_int.from_address(data).value
        return True

    def get_log_interface(self, data: int) -> bool:
        """Take the core's log and drop it: a core that gets no logger prints on stderr."""
        type(self.log).from_address(data).log = self.log.log
        return True

    def set_variables(self, data: int) -> bool:
        """Note each option's default, its first value: "System region; auto|ntsc|pal".

        The defaults are the honest machine in both cores: region from the header, no overclock, no speed hack.
        """
        variables = cast(c_void_p(data), POINTER(self.variable))
        index = 0
        while variables[index].key:
            _, _, values = variables[index].value.partition(b"; ")
            self.options[variables[index].key] = values.split(b"|")[0]
            index += 1
        return True

    def get_variable(self, data: int) -> bool:
        variable: Structure = self.variable.from_address(data)
        value = self.options.get(variable.key)
        variable.value = value
        return value is not None

    def video_refresh(self, data: int | None, width: int, height: int, pitch: int) -> None:
        if data and self.keep_picture:
            self.frame = (string_at(data, pitch * height), width, height, pitch)

    def audio_sample(self, left: int, right: int) -> None:
        if self.samples is not None:
            self.samples.append(pack("<hh", left, right))

    def audio_batch(self, data: Any, frames: int) -> int:
        if self.samples is not None:
            self.samples.append(string_at(data, 4 * frames))
        return frames

    def input_poll(self) -> None:
        pass

    def input_state(self, port: int, device: int, index: int, button: int) -> int:
        if device == DEVICES["mouse"]:
            return {MOUSE_X: 3, MOUSE_Y: -2}.get(button, 1)
        if port >= PADS or device != JOYPAD:
            return 0
        return self.held[port] >> button & 1

    def picture(self) -> NDArray[np.uint8]:
        if self.frame is None:
            raise RuntimeError("no picture before the first frame")
        data, width, height, pitch = self.frame
        rows = np.frombuffer(data, np.uint8).reshape(height, pitch)
        if self.pixel_format == XRGB8888:
            rgb = rows[:, : 4 * width].reshape(height, width, 4)[:, :, 2::-1]
        else:
            # Green has six bits in RGB565, the machine has five: the lowest is the core's invention.
            pixels = rows[:, : 2 * width].view("<u2").astype(np.uint16)
            red, green = (11, 6) if self.pixel_format == RGB565 else (10, 5)
            levels = np.stack([pixels >> red, pixels >> green, pixels], axis=2) & 31
            rgb = (levels << 3 | levels >> 2).astype(np.uint8)
        doubled = width == 512 and np.array_equal(rgb[:, ::2], rgb[:, 1::2])
        return np.ascontiguousarray(rgb[:, ::2] if doubled else rgb)


@contextmanager
def _raised_in_callbacks_of(host: _Host) -> Iterator[list[BaseException]]:
    """Raises, at its end, what was raised in a C callback, Ctrl-C above all: ctypes would print and forget it."""
    raised: list[BaseException] = []
    before = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_value is not None and getattr(unraisable.object, "__self__", None) is host:
            raised.append(unraisable.exc_value)
        else:
            before(unraisable)

    sys.unraisablehook = hook
    try:
        yield raised
    finally:
        sys.unraisablehook = before
    if raised:
        raise raised[0]

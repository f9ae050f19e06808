"""The host block beyond a request: looking on while a person plays, token by token."""

from __future__ import annotations

import numpy as np
import pytest

from asm.build import build_rom
from asm.memory.log_record import LOG_ADDRESS, LOGITS_OFFSET, RECORD_WORDS, host_field
from quantize.executor import Executor
from quantize.kernel import SA1, STOCK
from quantize.sampler import Request
from snesgpt.emulator.console import Console
from snesgpt.verify.host import FULL, Host
from tests.support.models import for_target, random_model
from trainer.config import ModelConfig

pytestmark = pytest.mark.emulator

CONFIG = ModelConfig(27, block_size=6, n_embd=8, n_head=2, n_hidden=16)
FRAMES = 600
REST = 30
TOKENS = 20
TITLE_FRAMES = 3


def get(console: Console, name: str) -> int:
    return int(console.read_words(host_field(name), 1)[0])


def put(console: Console, name: str, value: int) -> None:
    console.write_words(host_field(name), np.array([value]))


def leave_title(console: Console) -> None:
    """By Start, to the names."""
    console.press("start")
    console.run(TITLE_FRAMES)
    console.release()


@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_looked_on_the_names_screen_goes_token_by_token(core: str) -> None:
    model = random_model(CONFIG)
    integer = Executor(model)
    with Console(build_rom(model, traced=False).image, core) as console:
        host = Host(console, model)
        put(console, "capacity", 1)
        put(console, "watch", 1)
        leave_title(console)
        streams, seen = integer.start(1), 0
        while seen < TOKENS:
            console.run_until(lambda c: get(c, "status") == FULL and get(c, "log_count") == 1, FRAMES)
            first = console.read(LOG_ADDRESS, host.layout.size)
            console.run(REST)
            assert console.read(LOG_ADDRESS, host.layout.size) == first, "it did not wait"
            token, position, *_ = np.frombuffer(first, np.uint16, len(RECORD_WORDS)).tolist()
            if seen or position == 0:
                streams.position[:] = position
                logits = integer.step(streams, np.array([token]))[0]
                assert np.frombuffer(first, np.int16, CONFIG.vocab_size, LOGITS_OFFSET).tolist() == logits.tolist()
                seen += 1
            put(console, "log_count", 0)


def test_unwatched_the_names_screen_logs_nothing() -> None:
    model = random_model(CONFIG)
    with Console(build_rom(model, traced=False).image) as console:
        Host(console, model)
        leave_title(console)
        console.run(FRAMES)
        assert get(console, "log_count") == 0


@pytest.mark.parametrize("target", [STOCK, SA1])
@pytest.mark.parametrize("core", ["snes9x", "bsnes"])
def test_after_a_reset_a_request_is_answered_from_its_beginning(core: str, target: str) -> None:
    """RAM keeps the sign that a cartridge is up: who trusts it after a reset asks a machine that boots."""
    model = for_target(random_model(CONFIG), target)
    request = Request(3, 10, 4)
    with Console(build_rom(model).image, core) as console:
        host = Host(console, model)
        whole = [record.raw for record in host.run(request)]
        for _ in range(2):
            assert next(host.run(request)).raw == whole[0]
            host.reset()
        assert [record.raw for record in host.run(request)] == whole

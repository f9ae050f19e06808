"""Models at the limits of every size: each logit in both emulators, every byte and the speed as predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from asm.build import Rom, build_rom, symbols
from asm.long_run import long_run
from asm.predict import predict
from asm.sizes import image_bytes, segment_bytes
from quantize.integer_model import IntegerModel
from quantize.quantized import QuantizedModel
from quantize.sampler import Request
from snesgpt.console import Console
from snesgpt.host import Host
from snesgpt.page import NamesPage
from snesgpt.parity import verify
from snesgpt.speed import measure_speed
from snesgpt.typical import typical_text
from tests.models import digit_model
from trainer.config import ModelConfig

COLUMNS, ROWS = 0.1, 0.9
"""Shares of active hidden units that make the second MLP matrix run by columns, or by rows."""

SHAPES = {
    "6 layers, 255 symbols": (ModelConfig(255, 12, 16, 2, 6, 16), COLUMNS),
    "128 dimensions, 256 positions": (ModelConfig(20, 256, 128, 16, 1, 8), ROWS),
    "512 symbols of one and two characters": (ModelConfig(512, 40, 16, 4, 1, 16), COLUMNS),
}
LARGEST = ModelConfig(60, 16, 96, 8, 4, 256)
MOST_BYTES = 4 << 20
TIMED, EXACT = 60, 0.03
"""Tokens that are timed, and how far they may be from what was predicted."""

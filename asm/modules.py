"""The source files of a cartridge and of a game's library, in the order in which they are linked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from asm.targets.target import Target
from asm.toolchain import SA1_PREFIX

PROMPT = ("prompt_page", "prompt_list", "prompt_grid")
XRAY = ("xray_page", "xray_texts", "xray_cells", "xray_bars")
STORY = ("story_page", "story_keys", "story_status", "story_text", "page_turn", "tokenise")
"""In place of the screen of prompts where the vocabulary is pieces."""

DISPLAY = ("display", "windows", "pointer")
SYSTEM = ("main", "gpt", "math", "sampler", "inference", "host", "screen", "labels", "pages", *DISPLAY)
LATE = (
    "title_page",
    "kept_page",
    "about_page",
    "self_test",
    "report",
    "sound",
    "sound_driver",
    "save",
    "profile",
    "data",
    "look",
)

SCHOOLBOOK_MODULES = ("attention", "vector", "relu")
SQUARED_MODULES = ("relu2", "square", "square_hidden")
DIGIT_MODULES = ("clear_hidden", "trace_slots", "residual_of_slots", "rsqrt_far")
OPTIONAL_MODULES = (
    "attention",
    "vector",
    "relu",
    *SQUARED_MODULES,
    "rounding",
    "embedding",
    "find_context",
    *DIGIT_MODULES,
    "text",
    "join_tokens",
)
"""Assembled where a routine or a screen needs them: no routine is in a cartridge that nothing calls.

They are linked in this order, and after them any other module that a routine needs.
"""

OF_TEXTS = ("text", "join_tokens")
"""Those of them that are the screens'."""


def modules_with(prompt: tuple[str, ...]) -> tuple[str, ...]:
    """The source files that every cartridge has, around those of the screen where one types."""
    return (*SYSTEM, "names_page", "names_list", *prompt, *XRAY, *LATE)


MODULES = modules_with(PROMPT)

COMPUTING = ("gpt", "math", "sampler", "inference", "host")
"""The source files of the processor that computes, of those that every cartridge has."""

LIBRARY = ("library", "feed", "math", "sampler", "inference", "data")
"""The source files of a game's library that run on the processor that it calls, but for those that compute."""

LIBRARY_COMPUTES = ("gpt", "math", "sampler", "inference", "work")
"""Those of the processor that computes."""

DRAWN_ELSEWHERE = ("gpt", "profile")
"""Those that the other one, where there are two, does without."""


def in_order(order: Sequence[str], wanted: Collection[str]) -> list[str]:
    """The wanted names: first those that have a place in the order, then the others by the alphabet."""
    return [*(name for name in order if name in wanted), *sorted(set(wanted) - set(order))]


def cartridge_modules(
    target: Target, screens: Sequence[str], library: Sequence[str], own: Sequence[str]
) -> tuple[str, ...]:
    """The modules in the order in which they are linked. library: that of the kernels, and of screens of text."""
    if not target.apart:
        return (*screens, *library, *own)
    drawing = [name for name in screens if name not in DRAWN_ELSEWHERE]
    computing = [name for name in (*COMPUTING, "engine", "profile", *library, *own) if name not in OF_TEXTS]
    return (
        *drawing,
        "calls",
        "pace",
        *(name for name in library if name in OF_TEXTS),
        *(SA1_PREFIX + name for name in computing),
    )


def library_modules(
    target: Target, kernels: Sequence[str], called: Sequence[str], own: Sequence[str]
) -> tuple[str, ...]:
    """The same of a game's library. called: the rest of what its calls need."""
    if not target.apart:
        return (*dict.fromkeys((*LIBRARY, *LIBRARY_COMPUTES)), *called, *kernels, *own)
    return (*LIBRARY, *called, *(SA1_PREFIX + name for name in (*LIBRARY_COMPUTES, *kernels, *own)))

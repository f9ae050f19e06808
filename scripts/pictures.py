"""A picture of every screen of a cartridge, and a moving one of X-ray: its buttons pressed in an emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from numpy import uint8
from numpy.typing import NDArray
from PIL import Image

from asm.build import symbols
from snesgpt.bench.names_screen import NamesPage
from snesgpt.emulator.console import Console
from trainer.files import whole_file

SCREENS = ("names", "prompt", "xray", "kept", "about")
STORY = "story"
SCALE = 2
STEPS, STEP_MILLISECONDS = 30, 400
PATIENCE = 20_000
FADE = 40
TITLE_FRAMES = 160
STORY_SYMBOL = "story_cursor"
STORY_LINE = 20 * 64 + 2 * 3
"""Where the last line but one of a page begins, in the tile map."""


class Tour:
    """A cartridge that is shown around."""

    def __init__(self, console: Console, page: NamesPage) -> None:
        self.console, self.page = console, page

    def push(self, *buttons: str) -> None:
        """One after the other, each let go."""
        for button in buttons:
            self.console.press(button)
            self.console.run(3)
            self.console.release()
            self.console.run(5)

    def wait_for(self, name: str, least: int) -> None:
        """Run until a word of memory is as large."""
        self.console.run_until(lambda _: self.page.word(name) >= least, PATIENCE)

    def open(self, screen: str) -> None:
        """By Select."""
        while self.page.word("page") != 2 * SCREENS.index(screen):
            self.push("select")
        self.console.run(FADE)

    def names(self) -> None:
        """Most of a page, some of them kept."""
        for made in (3, 5, 8, 11, 14, 16):
            self.wait_for("names_made", made)
            self.push("x")

    def prompt(self) -> None:
        """Names that begin with `ma`."""
        self.open("prompt")
        self.push(*["right"] * 12, "a", *["left"] * 12, "a", "start")
        self.console.run(240)

    def story(self) -> None:
        """Most of a page of one."""
        self.open("prompt")
        self.push("start")
        self.wait_for("text_line", STORY_LINE)

    def xray(self) -> None:
        """The fourth letter of a name."""
        self.open("xray")
        for _ in range(3):
            self.push("a")
            self.console.run(12)

    def kept(self) -> None:
        """The names kept."""
        self.open("kept")
        self.push("down")
        self.console.run(FADE)

    def about(self) -> None:
        """A self-test that has passed."""
        self.open("about")
        self.push("a")
        self.console.run(900)

    def steps(self) -> Iterator[NDArray[uint8]]:
        """X-ray, letter after letter."""
        self.open("xray")
        for _ in range(STEPS):
            self.push("a")
            self.console.run(10)
            yield self.console.picture


def enlarged(picture: NDArray[uint8]) -> Image.Image:
    """Pixels doubled."""
    image = Image.fromarray(picture)
    return image.resize((SCALE * image.width, SCALE * image.height), Image.Resampling.NEAREST)


@click.command()
@click.argument("rom", type=click.Path(path_type=Path), default=Path("build/snes_gpt.sfc"))
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/pictures"))
@click.option("--core", default="snes9x")
def command(rom: Path, out: Path, core: str) -> None:
    """Write OUT/title.png, OUT/<screen>.png and OUT/xray.gif; of a cartridge of stories OUT/story.png alone."""
    out.mkdir(parents=True, exist_ok=True)
    at = symbols(rom.with_suffix(".dbg").read_bytes())

    def save(name: str) -> None:
        with whole_file(out / f"{name}.png") as temporary:
            enlarged(console.picture).save(temporary, format="PNG", optimize=True)

    with Console(rom, core) as console:
        console.run(TITLE_FRAMES)
        if STORY_SYMBOL not in at:
            save("title")
        tour = Tour(console, NamesPage(console, at))
        shown = (STORY,) if STORY_SYMBOL in at else SCREENS
        for screen in shown:
            getattr(tour, screen)()
            save(screen)
        frames = [enlarged(picture).quantize(64) for picture in tour.steps()] if shown is SCREENS else []
    if frames:
        with whole_file(out / "xray.gif") as temporary:
            frames[0].save(
                temporary, format="GIF", save_all=True, append_images=frames[1:], duration=STEP_MILLISECONDS, loop=0
            )
    click.echo(f"{out}: {', '.join(shown)}")


if __name__ == "__main__":
    command()

"""A target: everything about a machine and its cartridge that the generator has to know."""

from __future__ import annotations

from dataclasses import dataclass

from asm.cost.instructions import CALLED_PRODUCT, FAR_CALL, Instruction, direct_page


@dataclass(frozen=True)
class Target:
    """One kind of cartridge in one kind of machine. Sizes in bytes, times in master clocks.

    computes, draws: the processor that runs the forward pass, and the one that owns screen, pads and sound.
    templates: the folders whose files take the place of others of their name, the first first.
    library: for a game, which says where everything is; else a cartridge of our own.
    linker_map: the template of the memory map. map_mode, chipset: the bytes of the header.
    bank_bytes, max_banks, first_bank: ROM; bank 0, the program's, is seen at first_bank. fast_rom: at 3.58 MHz.
    direct_page: its address, and host_block's, in bank 0. dma_channel: what copies rows of the model; None: loops.
    ppu_multiplier: whether the PPU's may be used.
    high_ram: where the vectors are in bank $7E; below $2000 it is seen in every bank. stack: the page above the
    digit kernels' pages, unless pages_start says where they begin. low_ram_end: that of what is behind them.
    log_end: the log and what bank $7E has no room for are in bank $7F below it, the screens' data above it.
    game_bwram: bytes of BW-RAM before a library's. screen_ram: bytes of bank $7E that the screens keep.
    mark_ram: the same of a profile build's marks.
    fetch, ram, vector_ram: of a byte of code or an internal cycle; of a byte of the memory that the direct page and
    the slots are in; of one of the other vectors'. refresh: the factor by which the memory's refresh, and the
    screens' gradient by HDMA, make all of it longer. frame: of a frame, on average.
    """

    name: str
    computes: str
    draws: str
    templates: tuple[str, ...]
    library: bool
    linker_map: str
    map_mode: int
    chipset: int
    bank_bytes: int
    max_banks: int
    first_bank: int
    fast_rom: bool
    direct_page: int
    host_block: int
    dma_channel: int | None
    ppu_multiplier: bool
    high_ram: int
    stack: int
    pages_start: int | None
    low_ram_end: int
    log_end: int
    game_bwram: int
    screen_ram: int
    mark_ram: int
    fetch: int
    ram: int
    vector_ram: int
    refresh: float
    frame: int
    clocks_per_second: float

    @property
    def apart(self) -> bool:
        """Whether one processor computes and another draws."""
        return self.computes != self.draws

    @property
    def guards_factor(self) -> bool:
        """Whether an interrupt may come between the two halves of a factor of the PPU's multiplier."""
        return self.alone and self.ppu_multiplier

    @property
    def multiplies_on_cpu(self) -> bool:
        """Whether the CPU's own multiplier does what the PPU's would."""
        return self.alone and not self.ppu_multiplier

    @property
    def copies_by_dma(self) -> bool:
        """Whether a DMA channel copies rows of the model."""
        return self.alone and self.dma_channel is not None

    def copied(self, words: int) -> int:
        """Clocks of a part of a row of the model on its way into work RAM: copy_row in gpt.asm."""
        if self.apart:
            return 26 * words
        return 270 + 16 * words if self.copies_by_dma else 76 * words

    @property
    def alone(self) -> bool:
        """Whether there is one processor, which has its vectors in another bank than its program."""
        return not self.apart

    def bank_start(self, bank: int) -> int:
        """The address that a bank of ROM is seen at.

        The SA-1 shows 4 MiB as halves of banks $00–$3F and $80–$BF, and what is beyond as whole banks from $C0.
        """
        if not self.apart:
            return (self.first_bank + bank) << 16 | 0x8000
        bank += self.first_bank
        if bank < 128:
            return (bank + (bank & 64)) << 16 | 0x8000
        return 0xC00000 + (bank - 128) * self.bank_bytes

    @property
    def program_bank(self) -> int:
        """The bank of the processor's address space that the program is in."""
        return self.bank_start(0) >> 16

    def shows_ram(self, bank: int) -> bool:
        """Whether the RAM that is in bank 0 is seen beside a bank of ROM too."""
        return self.bank_start(bank) >> 16 & 0x7F < 0x40

    def clocks(self, instruction: Instruction) -> float:
        """Before refresh."""
        near = instruction.accesses - instruction.vectors
        return instruction.cycles * self.fetch + near * self.ram + instruction.vectors * self.vector_ram

    @property
    def jsl(self) -> float:
        """Clocks of a far call alone."""
        return self.clocks(FAR_CALL[0])

    @property
    def product(self) -> float:
        """Clocks that a product takes beyond one of the PPU's multiplier, whose operands are in the direct page."""
        return self.clocks(CALLED_PRODUCT) + 40 if self.multiplies_on_cpu else 0.0

    @property
    def page_call(self) -> float:
        """Clocks of a far call, its return, and the direct page there and back."""
        return sum(map(self.clocks, (*FAR_CALL, *direct_page(""), *direct_page(""))))

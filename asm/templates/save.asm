; Names kept in the cartridge's battery RAM.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

proc load_kept, 16, 16
        rts
endproc

proc keep_entry, 16, 16
        rts
endproc

proc save_settings, 16, 16
        rts
endproc

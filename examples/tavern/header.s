; The cartridge's header at $FFB0 and the vectors.

        .include "game.inc"

        .import reset, vertical_blank, ignore

.if ::GPT_SA1
MAP_MODE = $23                  ; as the SA-1 has it
CHIPSET  = $34                  ; ROM, the SA-1, RAM
RAM_SIZE = 7                    ; 128 KiB
.else
MAP_MODE = $30                  ; LoROM, fast
CHIPSET  = $00                  ; ROM
RAM_SIZE = 0
.endif
ROM_SIZE = 11                   ; 2^n KiB

        .segment "HEADER"
        .byte "00"              ; maker
        .byte "TAVN"            ; game
        .res 7, 0
        .byte 0, 0, 0           ; no expansion RAM, no special version, no subtype
        .byte "THE TALKING TAVERN   "
        .byte MAP_MODE, CHIPSET, ROM_SIZE, RAM_SIZE
        .byte $01               ; North America, NTSC
        .byte $33               ; the maker's code above counts
        .byte $00               ; version
        .word $FFFF, $0000      ; complement and checksum: finish.py writes them

        .segment "VECTORS"
        .res 4, $FF
        .addr .loword(ignore), .loword(ignore), .loword(ignore), .loword(vertical_blank), $FFFF, .loword(ignore)
        .res 4, $FF
        .addr .loword(ignore), $FFFF, .loword(ignore), .loword(ignore), .loword(reset), .loword(ignore)

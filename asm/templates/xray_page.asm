; The xray screen.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

proc xray_page, 16, 16
:       call wait_pad
        bra :-
endproc

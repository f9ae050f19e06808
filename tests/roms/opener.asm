; The S-CPU's part of the harness for the SA-1: linked in the place of main.asm, it opens the cartridge and lets the
; SA-1 begin at the harness.

        .include "contract.inc"
        .include "snes.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

reset:  sei
        clc
        xce
        rep #$38
        .a16
        .i16
        ldx #STACK_TOP
        txs
        lda #0
        tcd
        phk
        plb
        a8
        lda #$8F
        sta INIDISP             ; forced blank
        stz NMITIMEN
        a16
        call open_cartridge
        ldx #.loword(harness)
        stx CRV
        a8
        stz CCNT
:       bra :-

ignore: rti

        .segment "HEADER"
        .byte "00", "TEST"
        .res 10, 0
        .byte "SNES-GPT ROUTINES    "
        .byte $23, $35, $0A, $07, $01, $33, $00
        .word $FFFF, $0000

        .segment "VECTORS"
        .res 4, $FF
        .addr .loword(ignore), .loword(ignore), .loword(ignore), .loword(ignore), $FFFF, .loword(ignore)
        .res 4, $FF
        .addr .loword(ignore), $FFFF, .loword(ignore), .loword(ignore), .loword(reset), .loword(ignore)

; What tests/snesgpt/test_console.py looks at: a frame counter, both pads, a backdrop in the host's colour.
; Every name below is a direct-page address, so also a WRAM offset.

.p816
.smart -

frames     = $10        ; word, NMIs since reset
pad1       = $12        ; word, as $4218: b y select start up down left right a x l r 0000
pad2       = $14
power_on   = $16        ; word, what $7E0100 held at reset
colour     = $18        ; word, 0bbbbbgggggrrrrr, zeroed at reset, shown in the next frame

        .include "snes.inc"

.segment "CODE"

reset:  sei
        clc
        xce
        rep #$30
        .a16
        .i16
        lda #$0000
        tcd
        ldx #$1FFF
        txs
        lda f:$7E0100
        sta power_on
        stz frames
        stz pad1
        stz pad2
        stz colour
        sep #$20
        .a8
        lda #$8F                ; screen off
        sta INIDISP
        stz BGMODE
        stz TM                  ; no layers: the backdrop alone
        stz CGWSEL              ; random at power-on in bsnes: may force black
        stz CGADSUB
        stz SETINI
        lda #$0F                ; full brightness
        sta INIDISP
        lda #$81                ; NMI and pad reading
        sta NMITIMEN
@idle:  wai
        bra @idle

nmi:    sep #$20
        .a8
        lda RDNMI
        stz CGADD
        lda colour
        sta CGDATA
        lda colour + 1
        sta CGDATA
@wait:  lda HVBJOY              ; bit 0: pads are still being read
        lsr
        bcs @wait
        rep #$20
        .a16
        lda JOY1L
        sta pad1
        lda JOY2L
        sta pad2
        inc frames
none:   rti

.segment "HEADER"

        .byte "SG", "TEST", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        .byte "SNES-GPT CONSOLE TEST"
        .byte $30               ; LoROM, fast
        .byte $00, $05, $00     ; no chip, 32 KiB ROM, no SRAM
        .byte $01, $33, $00     ; USA, maker and game codes above, version 0
        .word $FFFF, $0000      ; complement and checksum: written by the test
        .word 0, 0, none, none, none, nmi, 0, none
        .word 0, 0, none, 0, none, none, reset, none

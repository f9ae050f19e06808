; The smallest game with a model in it: ten names on a screen.

        .p816
        .smart -
        .include "gpt.inc"

INIDISP  = $2100
BGMODE   = $2105
BG1SC    = $2107
VMAIN    = $2115
VMADDL   = $2116
VMDATAL  = $2118
CGADD    = $2121
CGDATA   = $2122
TM       = $212C
SETINI   = $2133
MEMSEL   = $420D                ; fast ROM: a game that forgets it has a slow model
HVBJOY   = $4212                ; bit 7: the picture is over

MAP      = $0400                ; the tile map in VRAM, in words: 32 a row
PLACE    = MAP + 32 * 4 + 8     ; where the first name begins
STACK    = $1FFF
NAMES    = 10

        .zeropage
name:   .res 2                  ; its number, and its seed
row:    .res 2                  ; where it begins in VRAM
place:  .res 2                  ; where its next letter goes
letter: .res 4                  ; where that is in ROM

        .segment "CODE"
reset:  clc
        xce
        rep #$38                ; 16 bits
        .a16
        .i16
        ldx #STACK
        txs
        lda #0
        tcd
        phk
        plb
        sep #$20
        .a8
        lda #$80
        sta INIDISP             ; no picture yet
        ldx #BGMODE             ; nothing from power-on stays in the PPU
:       stz 0, x
        stz 0, x
        inx
        cpx #SETINI + 1
        bne :-
        lda #$80
        sta VMAIN               ; words into VRAM
        lda #>MAP
        sta BG1SC
        lda #1
        sta TM
        sta MEMSEL
        stz CGADD               ; black, then white
        stz CGDATA
        stz CGDATA
        lda #$FF
        sta CGDATA
        sta CGDATA
        rep #$20
        .a16
        stz VMADDL              ; an empty screen of tile 0, which is empty too
        ldx #MAP + $400
:       stz VMDATAL
        dex
        bne :-
        ldx #'a' * 8            ; the letters are tiles of their own codes: eight rows of eight pixels
        stx VMADDL
        ldx #0
:       lda letters, x
        and #$FF                ; one bit a pixel; the other is zero
        sta VMDATAL
        inx
        cpx #letters_end - letters
        bne :-
        ldx #$0F
        stx INIDISP             ; a picture

        jsl gpt_start
        lda #PLACE
        sta row
        lda #1
        sta name
next_name:
        lda row
        sta place
        lda name
        ldx #GPT_TEMPERATURE
        ldy #GPT_TOP_P
        jsl gpt_begin
next_letter:
        jsl gpt_next            ; here the console computes
        bcs name_ends
        jsl gpt_text
        stx letter
        sta letter + 2
:       bit HVBJOY - 1          ; VRAM can be written between two pictures
        bpl :-
        lda place
        sta VMADDL
        lda [letter]            ; a token of this model has one letter, and the last one none
        and #$FF
        sta VMDATAL
        inc place
        bra next_letter
name_ends:
        lda row
        clc
        adc #64                 ; every other row
        sta row
        inc name
        lda name
        cmp #NAMES + 1
        bne next_name
end:    bra end

nothing:
        rti

letters:
        .byte $00, $00, $78, $0C, $7C, $CC, $76, $00, $C0, $C0, $F8, $CC, $CC, $CC, $F8, $00 ; a b
        .byte $00, $00, $78, $CC, $C0, $CC, $78, $00, $0C, $0C, $7C, $CC, $CC, $CC, $76, $00 ; c d
        .byte $00, $00, $78, $CC, $FC, $C0, $7C, $00, $1C, $30, $FC, $30, $30, $30, $30, $00 ; e f
        .byte $00, $00, $7C, $CC, $CC, $7C, $0C, $F8, $C0, $C0, $F8, $CC, $CC, $CC, $CC, $00 ; g h
        .byte $30, $00, $70, $30, $30, $30, $1C, $00, $18, $00, $38, $18, $18, $18, $18, $F0 ; i j
        .byte $C0, $C0, $CC, $D8, $F0, $D8, $CE, $00, $70, $30, $30, $30, $30, $30, $1C, $00 ; k l
        .byte $00, $00, $EC, $FE, $D6, $D6, $D6, $00, $00, $00, $F8, $CC, $CC, $CC, $CC, $00 ; m n
        .byte $00, $00, $78, $CC, $CC, $CC, $78, $00, $00, $00, $F8, $CC, $CC, $CC, $F8, $C0 ; o p
        .byte $00, $00, $7C, $CC, $CC, $CC, $7C, $0C, $00, $00, $DC, $EC, $C0, $C0, $C0, $00 ; q r
        .byte $00, $00, $7C, $C0, $78, $0C, $F8, $00, $30, $30, $FC, $30, $30, $30, $1C, $00 ; s t
        .byte $00, $00, $CC, $CC, $CC, $CC, $76, $00, $00, $00, $CC, $CC, $CC, $78, $30, $00 ; u v
        .byte $00, $00, $C6, $D6, $D6, $FE, $6C, $00, $00, $00, $CC, $78, $30, $78, $CC, $00 ; w x
        .byte $00, $00, $CC, $CC, $CC, $7C, $0C, $78, $00, $00, $FC, $18, $30, $60, $FC, $00 ; y z
letters_end:

        .segment "HEADER"       ; $FFC0
        .byte "HELLO FROM SNES-GPT  "
        .byte $30 - GPT_SA1 * $0D, GPT_SA1 * $34, 8, GPT_SA1 * 7, 1, 0, 0 ; LoROM; SA-1: its RAM is 128 KiB
        .word $FFFF, $0000      ; complement and checksum: hello.cfg knows no way to fill them in
        .res 4
        .addr nothing, nothing, nothing, nothing, 0, nothing
        .res 4
        .addr nothing, 0, nothing, nothing, reset, nothing

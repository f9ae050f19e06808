; The page of names: twenty at a time, as they are made; the pad changes temperature and seed.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

INK_PAPER = 0 << 10
INK_GOLD  = 1 << 10
INK_SKY   = 2 << 10
INK_GREY  = 3 << 10

NAMES       = 20
FIRST_ROW   = 5
NAME_COLUMN = 7
ROW_BYTES   = 64

RATE_NTSC   = 601               ; tenths of a frame a second
RATE_PAL    = 500

; at row, column: move the cursor.   say ink, string: write a constant string there.
.macro at row, column
        set cursor, (row) * ROW_BYTES + (column) * 2
.endmacro
.macro say color, string
        set ink, color
        ldx #.loword(string)
        call put_string
.endmacro

; Make names for ever. A press that changes the temperature or the seed begins the page again.
proc names_page, 16, 16
        call draw_frame
begin:  mark page_start
        ldx #FIRST_ROW * ROW_BYTES
        ldy #NAMES * 32
        call clear_tiles
        call set_temperature
        lda seed
        call seed_random
        call draw_settings
        stz names_made
        stz tokens_made
        stz tokens_made + 2
        stz frames
        stz speed_frame
next:   call begin_name
letter: call make_token
        mark draw
        lda next_token
        cmp #TOKEN_BOS
        beq :+
        ldx position            ; what is too long for the line is not shown
        cpx #32 - NAME_COLUMN
        bcs :+
        tax
        lda .loword(symbol_characters), x
        and #$FF
        call put_character
:       call draw_speed_now_and_then
        call take_pad
        bcs begin
        mark advance
        call advance
        bcc letter
        mark draw
        call settle_name
        inc names_made
        lda names_made
        cmp #NAMES
        bne next
        mark rest
rest:   call take_pad
        bcs begin
        bra rest
endproc

; Number the next line and begin a document on it.
; kills: A, X, Y
proc begin_name, 16, 16
        call begin_document
        call name_offset
        clc
        adc #(NAME_COLUMN - 3) * 2
        sta cursor
        set ink, INK_GREY
        lda names_made
        inc a
        ldy #2
        call put_decimal
        inc cursor
        inc cursor
        set ink, INK_GOLD
        rts
endproc

; A = offset of the current name's line.
proc name_offset, 16, 16
        lda names_made
        clc
        adc #FIRST_ROW
        asl a
        asl a
        asl a
        asl a
        asl a
        asl a
        rts
endproc

; The line is complete: gold turns to paper.
; kills: A, X, Y
proc settle_name, 16, 16
        call name_offset
        clc
        adc #NAME_COLUMN * 2
        tax
        ldy #32 - NAME_COLUMN
:       lda f:screen, x
        and #$FFFF - INK_GREY
        sta f:screen, x
        inx
        inx
        dey
        bne :-
        dex
        dex
        jmp .loword(touch)
endproc

; Title, shape and key hints.
proc draw_frame, 16, 16
        at 1, 2
        say INK_SKY, title
        at 2, 2
        say INK_GREY, shape
        at 26, 2
        say INK_GREY, hints
        rts
title:  .asciiz "SNES-GPT"
shape:  .asciiz SHAPE_TEXT
hints:  .asciiz "START more  <> T  ^v seed"
endproc

; Temperature and seed.
proc draw_settings, 16, 16
        at 3, 2
        say INK_GREY, temperature_label
        set ink, INK_PAPER
        ldx #'0'
        lda temperature
:       cmp #10
        bcc :+
        sbc #10
        inx
        bra :-
:       pha
        txa
        call put_character
        lda #'.'
        call put_character
        pla
        ldy #1
        call put_decimal
        say INK_GREY, seed_label
        set ink, INK_PAPER
        lda seed
        ldy #5
        jmp .loword(put_decimal)
temperature_label: .asciiz "T "
seed_label: .asciiz " seed "
endproc

; The speed four times a second: drawing it costs as much as half a layer.
; kills: A, X, Y
proc draw_speed_now_and_then, 16, 16
        lda frames
        sec
        sbc speed_frame
        cmp #16
        bcs :+
        rts
:       lda frames
        sta speed_frame
        jmp .loword(draw_speed)
endproc

; Tokens a second, in tenths, since the page began.
; kills: A, X, Y
proc draw_speed, 16, 16
        lda cursor
        pha
        lda ink
        pha
        lda tokens_made
        sta mul_a
        set mul_b, RATE_NTSC
        lda STAT78
        and #$10
        beq :+
        set mul_b, RATE_PAL
:       call mul_u16
        lda product
        sta dividend
        lda product + 2
        sta dividend + 2
        lda frames
        bne :+
        inc a                   ; the first frame is not over
:       sta divisor
        call divide
        at 3, 20
        set ink, INK_PAPER
        lda dividend
        sta WRDIVL
        a8
        lda #10
        sta WRDIVB
        a16
        wait_divide
        lda RDMPYL
        pha
        lda RDDIVL
        ldy #3
        call put_decimal
        lda #'.'
        call put_character
        pla
        ldy #1
        call put_decimal
        say INK_GREY, unit
        pla
        sta ink
        pla
        sta cursor
        rts
unit:   .asciiz " tok/s"
endproc

; What was pressed since the last look. A host's command takes the machine over.
; out: carry = begin the page again    kills: A, X
proc take_pad, 16, 16
        lda host_command
        beq :+
        jmp .loword(host_loop)
:       lda pad_pressed
        trb pad_pressed         ; only what was seen: a press between the two is kept
        bit #PAD_START
        bne seed_up
        bit #PAD_UP
        bne seed_up
        bit #PAD_DOWN
        bne seed_down
        bit #PAD_RIGHT
        bne warmer
        bit #PAD_LEFT
        bne cooler
        clc
        rts
seed_up:
        inc seed
        sec
        rts
seed_down:
        dec seed
        sec
        rts
warmer: lda temperature
        cmp #TEMPERATURE_MAX
        bcs changed
        inc temperature
        bra changed
cooler: lda temperature
        beq changed
        dec temperature
changed:
        sec
        rts
endproc

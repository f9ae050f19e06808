; Text on the screen: a tile map in work RAM, copied to VRAM in the vertical blank.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"


; One character at the cursor, which moves on. A tall one is two rows high, the upper of which is an even one: both
; are in one strip.
; in: A = character, ink, cursor    kills: A, X
proc put_character, 16, 16
        ora ink
        ldx cursor
        sta f:screen, x
        bit #TALL
        beq :+
        eor #HALVES
        sta f:screen + ROW_BYTES, x
:       inx
        inx
        stx cursor
        dex
        dex
        tail_call touch
endproc

; The strip of four rows around a byte offset goes to VRAM in the next vertical blank.
; in: X = offset    kills: A, X
proc touch, 16, 16
        txa
        xba
        and #$FF
        asl a
        tax
        lda #1
        sta strips_dirty, x
        rts
endproc

; A string that ends with a zero byte.
; in: X = its address in bank $80    kills: A, X, Y
proc put_string, 16, 16
        txy
:       lda a:0, y
        and #$FF
        beq done
        call put_character
        iny
        bra :-
done:   rts
endproc

; A as a decimal number, right-aligned in Y places.
; in: A, Y = 1 … 5    kills: A, X, field, number
proc put_decimal, 16, 16
        sta number              ; digits come from the right: begin past the last place and walk back
        sty field
        tya
        asl a
        clc
        adc cursor
        sta cursor
        pha
next:   dec cursor
        dec cursor
        lda number
        sta WRDIVL
        a8
        lda #10
        sta WRDIVB
        a16
        wait_divide
        lda RDDIVL
        sta number
        lda RDMPYL
        clc
        adc #'0'
draw:   call put_character
        dec cursor
        dec cursor
        dec field
        beq done
        lda number
        bne next
        dec cursor
        dec cursor
        lda #' '                ; nothing left: blanks
        bra draw
done:   pla
        sta cursor
        rts
endproc

; Fill a stretch of the screen with spaces.
; in: X = first byte offset, Y = tiles    kills: A, X, Y
proc clear_tiles, 16, 16
        lda #' '
:       sta f:screen, x
        inx
        inx
        dey
        bne :-
        ldx #2 * SCREEN_STRIPS - 2
        lda #1
:       sta strips_dirty, x
        dex
        dex
        bpl :-
        rts
endproc

; Running text in a window of the screen: words stay whole, newlines are kept.
; Whoever owns the window sets text_first, text_last (byte offsets of its first and last line in `screen`) and
; text_width (tiles) and text_pitch (two rows where the ink has tall letters), then calls begin_text, and
; put_text_character for every character, until carry: it is full.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

NEWLINE = 10

; An empty window; writing begins at its top left.
; in: text_first, text_last, text_width, text_pitch    out: text_line, text_word, text_cursor, text_kept
; kills: A, X, Y
proc begin_text, 16, 16
        lda text_first
        sta text_line
next:   ldx text_line
        ldy text_width
        call clear_tiles
        lda text_line
        clc
        adc #ROW_BYTES
        sta text_line
        lda text_last
        clc
        adc text_pitch
        cmp text_line
        bne next
        stz text_kept
        lda text_first
        tail_call text_begin_line
endproc

; One character. A space at the right margin is the line's end and not shown.
; in: A    out: carry = full; text_rest stays at a character that is not shown yet    kills: A, X, Y, cursor
proc put_text_character, 16, 16
        cmp #NEWLINE
        beq new_line
        tay
        lda text_cursor
        sec
        sbc text_line
        lsr a
        cmp text_width
        bcc draw
        cpy #' '
        beq space
        phy
        call text_break_line
        ply
        bcs done
draw:   ldx text_cursor
        stx cursor
        tya
        call put_character
        ldx cursor
        stx text_cursor
        cpy #' '
        bne drawn
space:  ldx text_cursor
        stx text_word           ; the next word begins behind it
drawn:  clc
done:   rts
new_line:
        call text_next_line
        bcc done
        inc text_rest           ; the window's end is the newline's too
        rts
endproc

; The word that reached the margin goes to the next line; one that fills its line is broken there.
; out: carry = there is no next line, and the word is kept    kills: A, X, Y, text_carry
proc text_break_line, 16, 16
        ldx text_word
        cpx text_line
        bne :+
        ldx text_cursor
:       ldy #0
next:   cpx text_cursor
        beq carried
        lda f:screen, x
        phx
        tyx
        sta f:text_carry, x
        plx
        bit #TALL
        beq :+
        lda #' '
        sta f:screen + ROW_BYTES, x
:       lda #' '
        sta f:screen, x
        inx
        inx
        iny
        iny
        bra next
carried:
        sty text_kept
        ldx text_line
        call touch
        call text_next_line
        bcs done
        call text_put_kept
        clc
done:   rts
endproc

; The word kept, at the beginning of the line.
; out: text_cursor, text_kept    kills: A, X, Y
proc text_put_kept, 16, 16
        ldy #0
        bra check
next:   tyx
        lda f:text_carry, x
        ldx text_cursor
        sta f:screen, x
        bit #TALL
        beq :+
        eor #HALVES
        sta f:screen + ROW_BYTES, x
:       inx
        inx
        stx text_cursor
        iny
        iny
check:  cpy text_kept
        bne next
        stz text_kept
        ldx text_line
        tail_call touch
endproc

; To the left margin of the next line.
; out: carry = there is none, and nothing has changed    kills: A
proc text_next_line, 16, 16
        lda text_last
        cmp text_line
        beq done                ; with carry
        lda text_line
        clc
        adc text_pitch
        call text_begin_line
        clc
done:   rts
endproc

; in: A = byte offset of the line in `screen`    out: text_line, text_word, text_cursor
proc text_begin_line, 16, 16
        sta text_line
        sta text_word
        sta text_cursor
        rts
endproc

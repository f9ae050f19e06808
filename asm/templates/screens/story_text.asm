; A story in its window: what tokens print, and the window moved up by a line where it is full.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

; Where the text of the token chosen begins in token_texts; the first of a document is shown without its space.
; in: made_token, made_position    out: A    kills: X
proc text_of_chosen, 16, 16
        lda made_token
        asl a
        tax
        lda f:token_offsets, x
        ldx made_position
        bne done
        tax
        lda f:token_texts, x
        and #$FF
        cmp #' '
        bne :+
        inx
:       txa
done:   rts
endproc

; Characters until a zero byte.
; in: A = where they begin in token_texts    out: carry = full, text_rest    kills: A, X, Y, cursor
proc put_text, 16, 16
next:   sta text_rest
        tax
        lda f:token_texts, x
        and #$FF
        clc
        beq done
        call put_text_character
        lda text_rest
        inc a
        bcc next
done:   rts
endproc

; A full window moves up by a line; the word that was being written, and what is left of the token, go on in the last.
; in: ink    out: carry = full again: only if a token has several lines    kills: A, X, Y, cursor
proc scroll_text, 16, 16
        lda text_first
        bra check
next:   pha
        clc
        adc #.loword(screen)
        tay
        adc #ROW_BYTES
        tax
        lda text_width
        asl a
        dec a
        phb
        mvn #$7E, #$7E
        plb
        pla
        clc
        adc #ROW_BYTES
check:  cmp text_last
        bne next
        tax
        ldy text_width
        call clear_tiles
        lda text_last
        call text_begin_line
        call text_put_kept
        lda text_rest
        tail_call put_text
endproc

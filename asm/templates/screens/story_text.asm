; A story on its pages: what tokens print, and another page where one is full.

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

; The page is full: the word that was being written, and what is left of the token, begin the next one.
; in: ink    out: carry = full again: only if a token has more lines than a page    kills: A, X, Y, cursor
proc next_page, 16, 16
        call turn_page
        lda text_kept
        pha
        call begin_text
        pla
        sta text_kept
        call text_put_kept
        lda text_rest
        tail_call put_text
endproc

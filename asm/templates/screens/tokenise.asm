; Typed text into tokens: a space, the characters, then again and again the best pair of neighbours becomes one token.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; The typed text as given tokens; none for an empty text. Rank and whole of the pair at each place are kept.
; in: story_text, story_length    out: host_prompt, given_tokens
; kills: A, X, Y, joined_end, join_place, join_right, join_list_end, join_best
; twin: trainer.text.sentencepiece.PieceTokenizer.encode
proc tokenise, 16, 16
        stz given_tokens
        lda story_length
        beq done
        call spread_text
        call join_tokens
        lda joined_end
        lsr a
        sta given_tokens
done:   rts
endproc

; The space that every text begins with, and each character's own token.
; in: story_text, story_length    out: host_prompt, joined_end = 2 · tokens    kills: A, X, Y
proc spread_text, 16, 16
        set host_prompt, TOKEN_SPACE
        ldx #0
        ldy #2
next:   phx
        lda story_text, x
        and #$FF
        asl a
        tax
        lda f:character_tokens - 2 * ' ', x
        sta host_prompt, y
        plx
        iny
        iny
        inx
        cpx story_length
        bne next
        sty joined_end
        rts
endproc

; Tokens and texts that are given, not drawn.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

NO_TOKEN = $FFFF

; One token.
; in: A    out: carry = it is none that can be given, or not now    kills: A, X, Y
proc feed_token, 16, 16
        cmp #N_VOCAB
        bcs done
        cmp #TOKEN_BOS
        beq done
        sta typed_tokens
        set typed_length, 1
        tail_call give_tokens
done:   rts
endproc

; A text that ends with a zero: all of it, or nothing.
; in: X = its address, A = its bank
; out: carry = it has characters that the model does not know, or too many, or nothing can be given now
; kills: A, X, Y, w_ptr
; twin: trainer.text.tokenizer.Tokenizer.encode
proc feed_text, 16, 16
        stx w_ptr
        sta w_ptr + 2
        call read_text
        bcs done
        .if ::JOINS
        lda typed_length
        asl a
        sta joined_end
        cmp #4
        bcc :+                  ; nothing to join
        call join_tokens
        lda joined_end
        lsr a
        sta typed_length
:
        .endif
        tail_call give_tokens
done:   rts
endproc

; Every character's own token{% if typed.begins_with_space %}, behind the space that every text begins with{% endif %}.
; in: w_ptr    out: typed_tokens, typed_length; carry = it cannot be    kills: A, X, Y
proc read_text, 16, 16
        stz typed_length
        ldx #0
        txy
{% if typed.begins_with_space %}
        lda [w_ptr]
        and #$FF
        beq done                ; carry is clear: an empty text is no text
        set typed_tokens, {{ typed.space }}
        inx
        inx
{% endif %}
next:   lda [w_ptr], y
        and #$FF
        beq end
        cpx #2 * TYPED_MAX
        bcs done
        phx
        asl a
        tax
        lda f:character_tokens, x
        plx
        cmp #NO_TOKEN
        bcs done
        sta typed_tokens, x
        inx
        inx
        iny
        bra next
end:    txa
        lsr a                   ; carry is clear
        sta typed_length
done:   rts
endproc

; in: typed_tokens, typed_length    out: carry = they cannot be given    kills: A, X, Y, typed_length
proc give_tokens, 16, 16
        call settle
        lda ended
        ora request
        cmp #1
        bcs done
        inc ended               ; no handler may ask until they are there
        lda drawn
        adc position            ; carry is clear. Where the next token is chosen
        cmp given_tokens
        bcs :+
        lda given_tokens
:       sta typed_place
        clc
        adc typed_length
        cmp #N_CONTEXT
        bcs over                ; the last one must leave a place for what is drawn
        lda typed_place
        asl a
        tax
        ldy #0
        lda typed_length
        beq given
next:   lda typed_tokens, y
        sta f:GIVEN, x
        inx
        inx
        iny
        iny
        dec typed_length
        bne next
        txa
        lsr a
        sta given_tokens
given:  clc
over:   stz ended
done:   rts
endproc

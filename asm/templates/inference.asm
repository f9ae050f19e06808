; Tokens of a document: its beginning, one after another, its end.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

        .if ::BEGINS
; A new document: BOS at position 0.
; kills: A
proc begin_document, 16, 16
        set token, TOKEN_BOS
{% if memory %}
{% for offset in memory.levels %}
        sta earlier + {{ offset }}
{% endfor %}
{% endif %}
        stz position
        stz position_bytes
        stz front_base
        rts
endproc
        .endif

        .if ::COMPUTES

; One token of a document: the model, then the prompt's next token or a draw, then the log.
; The first letter of a free document is never BOS, which is the last token: it is left out of the candidates.
; in: token, position, host_prompt, given_tokens    out: next_token    kills: everything
; twin: one round of quantize.sampler.run
proc make_token, 16, 16
        call gpt_step
        tail_call next_of_token
endproc
        .endif

        .if ::COMPUTES

; The token after the one whose logits are ready: the prompt's next token or a draw; then the log.
; in, out: as make_token    kills: everything
proc next_of_token, 16, 16
{% if target.apart %}
        inc committed
{% endif %}
        mark choose
        lda position
        cmp given_tokens
        bcs free
        asl a
        tax
        lda host_prompt, x
        sta next_token
        bra chosen
free:   ldx #2 * N_VOCAB
        lda position
        bne :+
        ldx #2 * (N_VOCAB - 1)
:       stx candidates
        call choose_token
chosen: .if ::STREAM
        lda position
        asl a
        tax
        lda next_token
        sta f:window_tokens, x
        .endif
        .if ::HOSTED
{% if target.alone %}
        inc tokens_made
        bne :+
        inc tokens_made + 2
:
{% endif %}
        lda log_enabled
        ora host_watch
        beq :+
        mark log
        call log_token
:
        .endif
        rts
endproc
        .endif

{% if memory %}
; note_earlier: the token that was the newest is the first of those before it.
; kills: A
.macro note_earlier
        .repeat ::N_EARLIER - 1, I
        lda earlier + 2 * (::N_EARLIER - 2 - I)
        sta earlier + 2 * (::N_EARLIER - 1 - I)
        .endrepeat
        lda token
        sta earlier
.endmacro

{% endif %}
; After a token: the next position, or carry set when the document is complete.
; in: next_token    out: carry    kills: A
; twin: the end of a round of quantize.sampler.run
proc advance, 16, 16
        lda next_token
        cmp #TOKEN_BOS
        beq complete
{% if memory %}
        note_earlier
        lda next_token
{% endif %}
        sta token
        lda position_bytes
        clc
        adc #CACHE_ROW
        sta position_bytes
        lda front_base
        clc
        adc #FRONT_ROWS
        sta front_base
        inc position
        lda position
        cmp #N_CONTEXT
        rts                     ; carry set at N_CONTEXT
complete:
        sec
        rts
endproc

        .if ::BEGINS

; A running text goes on where its context is full: the second half of the window is given to the next one.
; in: next_token, window_tokens    out: host_prompt, given_tokens    kills: A, X
; twin: what quantize.sampler.run does between two windows
proc continue_text, 16, 16
        .if ::STREAM
        stz given_tokens
        lda next_token
        cmp #TOKEN_BOS
        beq done
        ldx #2 * GIVEN_AGAIN - 2
:       lda f:window_tokens + 2 * (N_CONTEXT - GIVEN_AGAIN), x
        sta host_prompt, x
        dex
        dex
        bpl :-
        set given_tokens, GIVEN_AGAIN
        .endif
done:   rts
endproc
        .endif

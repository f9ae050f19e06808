; The generation loop: log, begin and end documents; for a person at the pad and for a host.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

HOST_IDLE    = 0
HOST_RUNNING = 1
HOST_FULL    = 2

LOG_TOKEN    = 0                ; a record: token, position, token chosen, generator, then the logits
LOG_POSITION = 2
LOG_NEXT     = 4
LOG_X        = 6
LOG_Y        = 8
LOG_LOGITS   = 10

        .if ::DRAWS
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

        .if ::DRAWS

; make_token, unless a button is pressed first or meanwhile: then carry set, nothing has changed, and the next call
; computes the same token from its beginning. So the pad is heard at once, however long a token takes.
; in: as make_token    out: carry; if clear, as make_token    kills: everything
; twin: one round of quantize.sampler.run
proc try_token, 16, 16
        lda pad_pressed
        ora host_command
        bne pressed
compute:
        tsx
        stx token_stack
        inc abandonable
        .if ::COMPUTES
        call gpt_step
        stz abandonable
        call next_of_token
        .else
        call make_token
        stz abandonable
        .endif
        clc
        rts
pressed:
{% if target.apart %}
        lda token_begun
        beq :+
        call stop_sa1
        bcs compute             ; it is all but made: the press waits for it
:
{% endif %}
        sec
        rts
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
:       rts
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

        .if ::DRAWS

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

        .if ::COMPUTES
; Complete the current record of the log and begin the next; wait for the host when the log is full.
; in: log_ptr    kills: A, X, Y
proc log_token, 16, 16
        ldx log_ptr
        lda token
        sta f:LOG_BANK * $10000 + LOG_TOKEN, x
        lda position
        sta f:LOG_BANK * $10000 + LOG_POSITION, x
        lda next_token
        sta f:LOG_BANK * $10000 + LOG_NEXT, x
        lda random_x
        sta f:LOG_BANK * $10000 + LOG_X, x
        lda random_y
        sta f:LOG_BANK * $10000 + LOG_Y, x
        phb
        txa
        clc
        adc #LOG_LOGITS
        tay
        ldx #.loword(logits)
        lda #2 * N_VOCAB - 1
        mvn #WORK_BANK, #LOG_BANK
        plb
        lda log_ptr
        clc
        adc #RECORD_BYTES
        sta log_ptr
        lda host_log_count
        inc a
        cmp host_capacity
        bcs full
        sta host_log_count
        rts
full:   ldx #HOST_FULL          ; before the count: a host that sees the last record sees that no other follows
        stx host_status
        sta host_log_count
:       lda host_log_count      ; the host zeroes it when it has read the log
        bne :-
        stz log_ptr
        set host_status, HOST_RUNNING
        rts
endproc
        .endif

        .if ::DRAWS
; Serve the host for ever: one request after another, as fast as the machine goes.
; twin: quantize.sampler.run
proc host_loop, 16, 16
        ldx #STACK_TOP
        txs
        bra wait                ; the request that brought us here is already pending
served: mark rest
        set host_status, HOST_IDLE
        stz host_command
wait:   lda host_command
        beq wait
        and #1                  ; 1 = with a log, 2 = without
        sta log_enabled
        set host_status, HOST_RUNNING
        stz log_ptr
        stz host_log_count
        lda host_prompt_length
        sta given_tokens
        lda host_temperature
        sta temperature
        call set_temperature
        lda host_top_p
        call set_top_p
        lda host_seed
        call seed_random
document:
        call begin_document
:       call make_token
{% if target.apart %}
        call begin_next
{% else %}
        mark advance
        call advance
{% endif %}
        bcc :-
        call continue_text
        dec host_count
        bne document
        bra served
endproc
        .endif

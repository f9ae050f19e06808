; For a host, a program outside: the log of every token, and documents on request. See docs/host.md.

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

; The SA-1's own program: it waits for a task, makes a token, and says so.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

SA1_STACK_TOP = $07FF

        .export sa1_start
; From reset, and whenever a token is abandoned. It reads and writes I-RAM, BW-RAM and its own registers alone.
sa1_start:
{% include "blocks/from_reset.asm" %}
        .if ::PROFILE
        lda #$80
        sta TMC
        sta CTR
        .endif
        a16
waiting:
        mark wait
wait:   lda engine_task
        beq wait
        stz committed
        cmp #TASK_NEXT
        bne :+
        call advance
        set engine_task, TASK_TOKEN
:       call make_token
:       lda token_ready
        bne :-                  ; the one before is not taken yet
        call publish
        lda go_ahead
        beq rest
        lda next_token
        cmp #TOKEN_BOS
        beq rest
        lda position
        inc a
        cmp #N_CONTEXT
        bcs rest
        stz go_ahead
        set engine_task, TASK_NEXT
        bra tell
rest:   stz engine_task
tell:   inc token_ready         ; only now: who sees it sees whether the SA-1 goes on
        a8
        lda #$80
        sta SCNT                ; wakes the S-CPU
        a16
        bra waiting

; The token just made, for whoever draws it while the next one is made.
; in: next_token, position, sample_weights, acc    out: ready_token …    kills: A, X
proc publish, 16, 16
        lda position
        sta ready_position
        lda acc
        sta ready_sum
        lda acc + 2
        sta ready_sum + 2
        lda next_token
        sta ready_token
        asl a
        tax
        lda sample_weights, x
        sta ready_weight
        rts
endproc

{% include "blocks/mul_u16_unit.asm" %}

; The hidden units of the layer looked at, kept for the x-ray screen: called by gpt_step after each layer.
; in: A = layer + 1, X = hidden units    kills: A, X, Y
proc probe_layer, 16, 16
        cmp probing
        bne done
        ldy #.loword(probed_hidden)
        lda #2 * N_HIDDEN - 1
        mvn #WORK_BANK, #WORK_BANK
done:   rts
endproc

; Computing the token that was asked for.

        .include "contract.inc"
        .include "snes.inc"
{% if target.apart %}
        .include "sa1.inc"
{% endif %}
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"
{% if target.apart %}

SA1_STACK_TOP = $07FF

        .export sa1_start
; The SA-1's program, from reset: it waits until a token is asked for. It reads and writes I-RAM, BW-RAM and its own
; registers alone.
sa1_start:
{% include "blocks/from_reset.asm" %}
        a16
wait:   lda request
        cmp #ASKED
        bne wait
        call make_asked
        bra wait
{% endif %}

; The next token after all that are given, unless it is not wanted any more: then everything is as it was, but that
; positions of given tokens are done.
; in: request = ASKED, drawn, the state of the generation    out: request = MADE, next_token, drawn, ended; or request = 0
; kills: everything
; twin: one round of quantize.sampler.run
proc make_asked, 16, 16
        lda random_x
        sta before_x
        lda random_y
        sta before_y
        lda drawn
        beq next
        stz drawn
        call advance
        .if ::STREAM
        bcc next
        call continue_text
        call begin_document
        .endif
next:   stz steps_done
        call gpt_step
        bcs given_up
        call next_of_token
        lda position
        cmp given_tokens
        bcs made
        call advance
        bra next
made:   lda stopping
        bne given_up
        set drawn, 1
        lda next_token
        cmp #TOKEN_BOS
        beq last
        .if !::STREAM
        lda position
        cmp #N_CONTEXT - 1
        bcs last
        .endif
tell:   set request, MADE
        rts
last:   set ended, 1
        bra tell
given_up:
        lda before_x
        sta random_x
        lda before_y
        sta random_y
        stz request
        lda stopping
        bne done
        set request, ASKED      ; it was asked for again meanwhile
done:   rts
endproc
{% if target.apart %}

{% include "blocks/mul_u16_unit.asm" %}
{% endif %}

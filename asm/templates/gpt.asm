; The forward pass: one token at one position in, logits out. Generated from the schedule of blocks.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; trace offset, source, bytes: copy an intermediate into the current record. Nothing unless TRACE.
.macro trace offset, source, bytes
        .if ::TRACE
        phb
        lda log_ptr
        clc
        adc #offset
        tay
        ldx #.loword(source)
        lda #bytes - 1
        mvn #WORK_BANK, #LOG_BANK
        plb
        .endif
.endmacro

; trace_row offset, source, bank: the same for this position's row of a cache.
.macro trace_row offset, source, bank
        .if ::TRACE
        phb
        lda log_ptr
        clc
        adc #offset
        tay
        lda #.loword(source)
        clc
        adc position_bytes
        tax
        lda #KV_ROW - 1
        mvn #bank, #LOG_BANK
        plb
        .endif
.endmacro

{% if target.apart %}
; keep_weights to, layer: a head's attention weights stay, if it is of the layer that is looked at.
.macro keep_weights to, layer
        lda probing
        cmp #layer + 1
        bne :+
        phb
        ldx #.loword(weights)
        ldy #.loword(to)
        lda #2 * N_CONTEXT - 1
        mvn #WORK_BANK, #^(to)
        plb
:
.endmacro
{% else %}
; keep_weights to, layer: a head's attention weights stay until the layer is done.
.macro keep_weights to, layer
        phb
        ldx #.loword(weights)
        ldy #.loword(to)
        lda #2 * N_CONTEXT - 1
        mvn #WORK_BANK, #WORK_BANK
        plb
.endmacro
{% endif %}

; probe layer, values: what a layer computed, to the x-ray screen if there is one and it looks (xray_cells.asm).
.macro probe layer, values
        .if ::HOSTED
        lda probing
        beq :+
        lda #layer + 1
        ldx #.loword(values)
        call probe_layer
:
        .endif
.endmacro

{% if target.copies_by_dma %}
CHANNEL = {{ target.dma_channel }} * $10

{% endif %}
{% if target.apart %}
; copy_row to, bytes: what w_ptr points at, through its bank and the direct page.
; kills: A, X
.macro copy_row to, bytes
        ldx w_ptr
        pei (w_ptr + 1)
        plb
        plb                     ; the upper byte
        .repeat (bytes) / 2, I
        .if I .mod 128 = 0
        pea to + 2 * I
        pld
        .endif
        lda a:2 * I, x
        sta <(2 * (I .mod 128))
        .endrepeat
        pea ZERO_PAGE
        pld
        phk
        plb
.endmacro
{% else %}
{% if target.copies_by_dma %}
; copy_row to, bytes: what w_ptr points at, into bank $7E by DMA; the registers are not seen there.
; kills: A
.macro copy_row to, bytes
        lda w_ptr
        sta f:CHANNEL + A1T0L
        lda #.loword(to)
        sta f:WMADDL
        lda #bytes
        sta f:CHANNEL + DAS0L
        a8
        lda #0
        sta f:CHANNEL + DMAP0
        sta f:WMADDH
        lda #.lobyte(WMDATA)
        sta f:CHANNEL + BBAD0
        lda w_ptr + 2
        sta f:CHANNEL + A1B0
        lda #1 << {{ target.dma_channel }}
        sta f:MDMAEN
        a16
.endmacro
{% else %}
; copy_row to, bytes: what w_ptr points at, into bank $7E word by word.
; kills: A, X
.macro copy_row to, bytes
        ldx w_ptr
        phb
        pei (w_ptr + 1)
        plb
        plb                     ; the upper byte
        .repeat (bytes) / 2, I
        lda a:2 * I, x
        sta f:WORK + to + 2 * I
        .endrepeat
        plb
.endmacro
{% endif %}
{% endif %}

; One step of the model.
; in: token, position    out: logits Q8.8, keys and values of this position    kills: A, X, Y and the arguments
; twin: quantize.executor.Executor.step
proc gpt_step, 16, 16
{% if digits %}
{% if target.alone %}
        pea $7E7E               ; the fast kernels reach low RAM and the vectors of bank $7E by the same addresses
        plb
        plb
{% endif %}
{% endif %}
        mark overhead           ; and again at once: what a mark costs
{% for call in calls %}

        ; --- {{ call.comment }}
        mark {{ call.stage }}
{% include call.template %}
{% include "blocks/after_step.asm" %}
{% endfor %}
{% if digits %}
{% if target.alone %}
        phk
        plb
{% endif %}
{% endif %}
{% include "blocks/after_last_step.asm" %}
        rts
endproc

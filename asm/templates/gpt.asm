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
        mvn #$7E, #LOG_BANK
        plb
        .endif
.endmacro

; trace_row offset, source: the same for this position's row of a cache.
.macro trace_row offset, source
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
        mvn #$7E, #LOG_BANK
        plb
        .endif
.endmacro

; keep_weights to: a head's attention weights stay until the layer is done.
.macro keep_weights to
        phb
        ldx #.loword(weights)
        ldy #.loword(to)
        lda #2 * N_CONTEXT - 1
        mvn #$7E, #$7E
        plb
.endmacro

; probe layer, values: what a layer computed, to the x-ray screen if it looks (xray_cells.asm).
.macro probe layer, values
        lda probing
        beq :+
        lda #layer + 1
        ldx #.loword(values)
        call probe_layer
:
.endmacro

; One step of the model.
; in: token, position    out: logits Q8.8, keys and values of this position    kills: A, X, Y and the arguments
; twin: quantize.integer_model.IntegerModel.step
proc gpt_step, 16, 16
        mark overhead           ; and again at once: what a mark costs
{% for block in blocks %}

        ; --- {{ block.comment }}
        mark {{ block.stage }}
{% include block.template %}
{% endfor %}
        rts
endproc

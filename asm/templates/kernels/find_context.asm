; What a memory knows of the last tokens. A record is a row of logits, the number of its context among those that have
; a vector, and the number of its children; then of each child the token that goes before, and behind all of these
; where each child's record is: its address and bank. Where the number is -1, there is a place for every token, and its
; bank is 0 where there is no child.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

NUMBER   = MEMORY_ROW           ; offsets in a record
CHILDREN = NUMBER + 2
BEFORE   = CHILDREN + 2

        .segment "CODE"

; The longest known context of the last tokens.
; in: token, earlier    out: context_at = its record, context_row = its number, or that of its end, among those that
; have a vector    kills: A, X, Y, column, count
; twin: quantize.contexts.Contexts.find
proc find_context, 16, 16
        lda token
        row_pointer context_at, context_records
{% for offset in memory.levels %}
        lda earlier + {{ offset }}
        call find_child
        bcs known
{% endfor %}
known:  ldy #NUMBER
        lda [context_at], y
        sta context_row
        rts
endproc

; The context that a token before it makes. Likely ones are the last in a list: these are compared first.
; in: A = token, context_at    out: carry set: it is not known; clear: context_at = its record
; kills: A, X, Y, column, count
; twin: a level of quantize.contexts.Contexts.find
proc find_child, 16, 16
        sta column
        ldy #CHILDREN
        lda [context_at], y
        bmi every
        beq unknown
        asl a
        sta count
        adc #BEFORE - 2         ; carry is clear
        tay
        lda column
next:   cmp [context_at], y
        beq listed
        dey
        dey
        cpy #BEFORE
        bcs next
unknown:
        sec
        rts
every:  lda column
        asl a
        asl a
        adc #BEFORE             ; carry is clear
        bra place
listed: tya                     ; behind the tokens, twice as far from there as its token from the first
        asl a
        adc count               ; carry is clear
        sec
        sbc #BEFORE
place:  tay
        lda [context_at], y
        tax
        iny
        iny
        lda [context_at], y
        beq unknown
        stx context_at
        sta context_at + 2
        clc
        rts
endproc

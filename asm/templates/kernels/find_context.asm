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
; have a vector    kills: A, X, Y, count
; twin: quantize.contexts.Contexts.find
proc find_context, 16, 16
        lda token
        row_pointer context_at, context_records
{% for offset in memory.levels %}
        ldy #CHILDREN           ; does the token before it make a context that is known?
        lda [context_at], y
        bpl list{{ loop.index0 }}
        lda earlier + {{ offset }}
        asl a
        asl a
        adc #BEFORE             ; carry is clear
        tay
look{{ loop.index0 }}:  lda [context_at], y
        tax
        iny
        iny
        lda [context_at], y
        beq none{{ loop.index0 }}
        stx context_at
        sta context_at + 2
        bra next{{ loop.index0 }}
list{{ loop.index0 }}:  beq none{{ loop.index0 }}
        asl a
        sta count
        adc #BEFORE - 2         ; carry is clear
        tay                     ; the last in a list is the likeliest: it is compared first
        lda earlier + {{ offset }}
:       cmp [context_at], y
        beq place{{ loop.index0 }}
        dey
        dey
        cpy #BEFORE
        bcs :-
none{{ loop.index0 }}:  jmp known
place{{ loop.index0 }}: tya                     ; behind the tokens, twice as far from there as its token from the first
        asl a
        adc count               ; carry is clear
        sec
        sbc #BEFORE
        tay
        bra look{{ loop.index0 }}
next{{ loop.index0 }}:
{% endfor %}
known:  ldy #NUMBER
        lda [context_at], y
        sta context_row
        rts
endproc

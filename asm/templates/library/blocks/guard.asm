
{% if target.guards_factor %}
; offsets in the stack, and what code looks like: two bytes, or one
POINTER = 1
SAVED_D = 10
SAVED_A = 16
RETURN  = 19
BACK    = 8
STX_FACTOR = $1B86              ; stx <M7A
TAX_CODE = $AA
XBA_CODE = $EB

; What an interrupt handler calls that writes the scroll of background 1, which has a latch in common with the PPU's
; multiplier: code that it interrupted between the two halves of a factor begins again with the first. The handler
; has pushed A, X, Y, D and the data bank, in this order, in 16 bits but for the last, and nothing else.
; kills: A, X, Y
guard:
        rep #$30
        .a16
        .i16
        phd
        pea 0
        phb                     ; room for a pointer
        tsc
        tcd                     ; the stack as direct page
        lda <SAVED_D
        cmp #INIDISP
        bne unharmed
        a8
        lda <RETURN + 2
        sta <POINTER + 2
        sec
        sbc #PROGRAM_BANK
        cmp #LIBRARY_BANKS
        a16
        bcs unharmed            ; the game's own code
        lda <RETURN
        sec
        sbc #BACK
        sta <POINTER
        ldy #BACK
        lda [POINTER], y        ; what comes next
        cmp #STX_FACTOR
        beq second
        and #$FF
        cmp #TAX_CODE
        beq swapped
        ldy #BACK - 2
        tax
        lda [POINTER], y        ; what came last
        cmp #STX_FACTOR
        bne unharmed
        cpx #XBA_CODE
        beq by_register
        ldy #BACK + 3           ; a load of three bytes, and the other half
        lda [POINTER], y
        cmp #STX_FACTOR
        bne unharmed
        lda #5
        bra again
by_register:
        lda #3
        bra again
unharmed:
        tsc
        clc
        adc #3
        tcs
        pld
        rtl
swapped:
        ldy #BACK - 3
        lda [POINTER], y
        cmp #STX_FACTOR
        bne unharmed
        lda #4
        bra swap
second: ldy #BACK - 5
        lda [POINTER], y
        cmp #STX_FACTOR
        beq loaded
        iny
        lda [POINTER], y
        cmp #STX_FACTOR
        bne unharmed
        lda #5
swap:   tax
        lda <SAVED_A
        xba                     ; as it was before
        sta <SAVED_A
        txa
        bra again
loaded: lda #8
again:  eor #$FFFF
        sec
        adc <RETURN
        sta <RETURN
        bra unharmed
{% else %}
; Nothing that a handler may do disturbs this library.
guard:  rtl
{% endif %}

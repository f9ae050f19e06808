
{% if target.guards_factor %}
; offsets in the stack, and what code looks like: two bytes, or one
POINTER = 1
SAVED_D = 10
SAVED_A = 16
RETURN  = 19
BACK    = 8
STX_FACTOR = $1B86              ; stx <M7A
XBA_TAX    = $AAEB
TAX_CODE   = $AA
XBA_CODE   = $EB

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
        cmp #XBA_TAX
        beq halves
        and #$FF
        cmp #TAX_CODE
        beq swapped
        ldy #BACK - 4           ; ldx a:x, stx | ldx a:x + 1, stx: operands that follow each other
        lda [POINTER], y
        inc a
        ldy #BACK + 1
        cmp [POINTER], y
        bne unharmed
        ldy #BACK + 3
        lda [POINTER], y
        ldx #5
        bra if_factor
unharmed:
        tsc
        clc
        adc #3
        tcs
        pld
        rtl
halves: ldx #3                  ; tax, stx | xba, tax, stx
        bra if_last
swapped:
        ldy #BACK - 1           ; tax, stx, xba | tax, stx
        lda [POINTER], y
        and #$FF
        cmp #XBA_CODE
        bne unharmed
        ldy #BACK - 3
        ldx #4
        bra if_swapped
second: ldy #BACK - 2
        lda [POINTER], y
        cmp #XBA_TAX
        beq tax_before
        ldy #BACK - 7           ; ldx a:x, stx, ldx a:x + 1 | stx
        lda [POINTER], y
        inc a
        ldy #BACK - 2
        cmp [POINTER], y
        bne unharmed
        ldx #8
        ldy #BACK - 5
        bra look
if_last:
        ldy #BACK - 2
look:   lda [POINTER], y
if_factor:
        cmp #STX_FACTOR
        bne unharmed
        bra again
tax_before:
        ldy #BACK - 4           ; tax, stx, xba, tax | stx
        ldx #5
if_swapped:
        lda [POINTER], y
        cmp #STX_FACTOR
        bne unharmed
        lda <SAVED_A
        xba                     ; as it was before
        sta <SAVED_A
again:  txa                     ; bytes back to the first half
        eor #$FFFF
        sec
        adc <RETURN
        sta <RETURN
        bra unharmed
{% else %}
; Nothing that a handler may do disturbs this library.
guard:  rtl
{% endif %}

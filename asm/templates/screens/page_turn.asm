; A page that turns: its edge goes from right to left, and what is behind it is blank paper. Meanwhile the program goes
; on and writes on the next page, which the vertical blank copies when the edge has arrived.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

FROM_EDGE   = 248               ; pixels
PIXELS      = 12                ; a frame
EDGE_SPRITE = 5                 ; behind those of the pointer
EDGES       = 14                ; sprites of 16 pixels, one above the other
EDGE_TILE   = {{ look.page_edge }}

; Unless the picture is only coming out of the dark. If a page is turning already, it arrives at the newest one.
; kills: A
proc turn_page, 16, 16
        lda fade
        cmp #LIT
        bcc done
        lda page_edge
        bne done
        set page_edge, FROM_EDGE
done:   rts
endproc

; Another screen begins: no page turns.
; kills: A
proc drop_page, 16, 16
        lda page_edge
        beq :+
        set page_edge, 1        ; the next vertical blank takes the edge away
:       rts
endproc

; A part of the vertical blank: the edge moves on.
; in: page_edge    kills: A, X
proc move_page, 16, 16
        lda page_edge
        beq done
        sec
        sbc #PIXELS
        beq over
        bcc over
        sta page_edge
        a8
        sta WH0                 ; from here on to the right there is no text
        lda #1
        sta TMW
        a16
        tail_call put_edge
over:   stz page_edge
        a8
        stz TMW
        a16
        tail_call put_edge
done:   rts
endproc

; The edge's sprites, or where nobody sees them.
; in: page_edge    kills: A, X
proc put_edge, 16, 16
        a8
        lda #2 * EDGE_SPRITE
        sta OAMADDL
        stz OAMADDH
        lda #0
next:   pha
        ldx page_edge
        bne :+
        lda #UNDER
:       xba
        lda page_edge
        sta OAMDATA
        xba
        sta OAMDATA
        lda #EDGE_TILE
        sta OAMDATA
        lda #AHEAD
        sta OAMDATA
        pla
        clc
        adc #16
        cmp #16 * EDGES
        bne next
        a16
        rts
endproc

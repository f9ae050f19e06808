; The pointer: a hand before a line, four corners around a label, or a quill that writes. It glides to its place, a
; part of the way every frame, while the program goes on. The ink of the text says what is chosen; this shows it.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

HAND    = 1                     ; pointer_shape
CORNERS = 2
QUILL   = 3
HAND_TILE   = {{ look.cursor }}
TAP_TILE    = {{ look.cursor_2 }}
TAP         = 16                ; frames of each of its two pictures
QUILL_TILE  = {{ look.quill }}
CORNER_TILE = {{ look.corner }}
TO_LEFT = $70                   ; with a turned tile
DOWN    = $B0
HAND_WIDTH = 16
CORNER  = 8                     ; pixels
BEYOND = 2
RAISED = 4                      ; the quill, above the line that it writes on
TALL_HEIGHT = 16
SMALL_HEIGHT = 8

; corner right, below, turned: one of the four. A8.
.macro corner right, below, turned
        lda pointer_x
        .if right
        clc
        adc pointer_width
        sec
        sbc #CORNER - BEYOND
        .else
        sec
        sbc #BEYOND
        .endif
        sta OAMDATA
        lda pointer_y
        .if below
        clc
        adc pointer_height
        sec
        sbc #CORNER - BEYOND
        .else
        sec
        sbc #BEYOND
        .endif
        sta OAMDATA
        lda #CORNER_TILE
        sta OAMDATA
        lda #turned
        sta OAMDATA
.endmacro

; Before the line at the cursor.
; in: cursor, ink    kills: A, X
proc point_at_line, 16, 16
        lda #HAND
        call place_pointer
        lda pointer_to_x
        sec
        sbc #HAND_WIDTH
        sta pointer_to_x
        lda ink
        bit #TALL
        bne done
        lda pointer_to_y
        sec
        sbc #(HAND_WIDTH - SMALL_HEIGHT) / 2
        sta pointer_to_y
done:   tail_call begin_pointer
endproc

; Around a label at the cursor.
; in: cursor, ink, Y = its tiles    kills: A, X
proc point_around, 16, 16
        lda #CORNERS
        call place_pointer
        tya
        asl a
        asl a
        asl a
        sta pointer_width
        ldx #SMALL_HEIGHT
        lda ink
        bit #TALL
        beq :+
        ldx #TALL_HEIGHT
:       stx pointer_height
        tail_call begin_pointer
endproc

        .if ::PIECES
; Above the place of a tall letter.
; in: cursor    kills: A, X
proc point_with_quill, 16, 16
        lda #QUILL
        call place_pointer
        lda pointer_to_y
        sec
        sbc #RAISED
        sta pointer_to_y
        tail_call begin_pointer
endproc
        .endif

; Where the cursor is, in pixels.
; in: A = shape, cursor    out: pointer_to_x, pointer_to_y    kills: A, X
proc place_pointer, 16, 16
        sei                     ; until begin_pointer: half of a place is none
        ldx pointer_shape
        stx pointer_was
        sta pointer_shape
        lda cursor
        and #ROW_BYTES - 1
        asl a
        asl a
        sta pointer_to_x
        lda cursor
        lsr a
        lsr a
        lsr a
        and #.loword(~7)
        dec a                   ; sprites show a line further down than backgrounds
        sta pointer_to_y
        rts
endproc

; One that was not there or another one is at its place at once.
; kills: A
proc begin_pointer, 16, 16
        lda pointer_was
        cmp pointer_shape
        beq done
        lda pointer_to_x
        sta pointer_x
        lda pointer_to_y
        sta pointer_y
done:   cli
        rts
endproc

; No pointer.
; kills: nothing
proc hide_pointer, 16, 16
        stz pointer_shape
        rts
endproc

; A part of the vertical blank: the pointer comes nearer to its place, and is put into the sprites' memory.
; kills: A, X
proc show_pointer, 16, 16
        lda pointer_shape
        .if ::PIECES
        ldx page_edge
        beq :+
        lda #0                  ; it is on the page that comes
:
        .endif
        cmp pointer_shown
        beq :+
        sta pointer_shown
        call put_under          ; what was there goes
:       lda pointer_shown
        beq done
        ldx #pointer_x
        call approach
        ldx #pointer_y
        call approach
        a8
        stz OAMADDL
        stz OAMADDH
        lda pointer_shown
        cmp #CORNERS
        beq corners
        call put_hand
        bra shown
corners:
        lda #2                  ; behind the hand, in words
        sta OAMADDL
        call put_corners
shown:  a16
done:   rts
endproc

; The pointer's five sprites where nobody sees them.
; kills: A, X
proc put_under, 16, 16
        a8
        stz OAMADDL
        stz OAMADDH
        lda #UNDER
        ldx #2 * 5
:       sta OAMDATA
        sta OAMDATA
        dex
        bne :-
        a16
        rts
endproc

; Half of the way that is left, at least a pixel.
; in: X = pointer_x or pointer_y    kills: A
proc approach, 16, 16
        lda pointer_to_x - pointer_x, x
        sec
        sbc 0, x
        beq done
        bmi back
        inc a
        lsr a
        bra move
back:   dec a
        sec
        ror a
move:   clc
        adc 0, x
        sta 0, x
done:   rts
endproc

; A hand that taps, or a quill.
; in: A = shape    kills: A, X
proc put_hand, 8, 16
        ldx #QUILL_TILE
        cmp #QUILL
        beq :+
        ldx #HAND_TILE
        lda frames
        and #TAP
        beq :+
        ldx #TAP_TILE
:       lda pointer_x
        sta OAMDATA
        lda pointer_y
        sta OAMDATA
        txa
        sta OAMDATA
        lda #AHEAD
        sta OAMDATA
        rts
endproc

; Four corners, two pixels outside.
; kills: A
proc put_corners, 8, 16
        corner 0, 0, AHEAD
        corner 1, 0, TO_LEFT
        corner 0, 1, DOWN
        corner 1, 1, TO_LEFT | DOWN
        rts
endproc

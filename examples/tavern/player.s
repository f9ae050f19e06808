; The player: walks with the pad, stops at what is solid, goes behind what stands in front, and faces somebody.

        .include "game.inc"

        .import ground, find_faced

SPEED          = $0160          ; in 1/256 of a point a frame
SPEED_SLANTING = $00FA
REACH_LEFT     = 5              ; of the feet from their middle
REACH_RIGHT    = 4
REACH_UP       = 5
STEP_FRAMES    = 8

        .segment "CODE"

; Where it stands at the beginning.
routine start_player
        lda #player_x << 8
        sta player_at_x
        lda #player_y << 8
        sta player_at_y
        lda #FACE_UP
        sta player_faces
        lda #NOBODY
        sta faced
        sta speaker
        rts
endroutine

; A frame: one step aside and one up or down, each of which may be stopped.
routine move_player
        lda pad_held
        and #PAD_CROSS
        bne walks
        stz player_moves
        jmp find_faced
walks:  jsr turn
        ldx #SPEED
        lda pad_held
        and #PAD_UP | PAD_DOWN
        beq :+
        lda pad_held
        and #PAD_LEFT | PAD_RIGHT
        beq :+
        ldx #SPEED_SLANTING
:       stx scratch
        lda player_at_x
        ldx #PAD_LEFT
        ldy #PAD_RIGHT
        jsr shifted
        sta try_x
        lda player_at_y
        sta try_y
        jsr step
        lda player_at_x
        sta try_x
        lda player_at_y
        ldx #PAD_UP
        ldy #PAD_DOWN
        jsr shifted
        sta try_y
        jsr step
        inc player_moves
        lda player_moves
        and #2 * STEP_FRAMES - 1
        cmp #STEP_FRAMES
        bne :+
        lda #SOUND_STEP
        sta sound_wanted
:       jsr look_behind
        jmp find_faced
endroutine

; To where the pad points; a slanting step keeps to the direction that it had, if that is one of the two.
routine turn
        ldx player_faces
        lda pad_held
        and pad_of_face, x
        bne done
        ldx #FACE_RIGHT
:       lda pad_held
        and pad_of_face, x
        bne turned
        dex
        dex
        bpl :-
turned: stx player_faces
done:   rts
endroutine

pad_of_face:
        .word PAD_DOWN, PAD_UP, PAD_LEFT, PAD_RIGHT

; A place moved by the speed in `scratch`, if the pad says so.
; in: A, X = bit of less, Y = bit of more    out: A
routine shifted
        sta scratch_2
        txa
        and pad_held
        beq :+
        lda scratch_2
        sec
        sbc scratch
        rts
:       tya
        and pad_held
        beq :+
        lda scratch             ; else A is zero
:       clc
        adc scratch_2
        rts
endroutine

; Go to (try_x, try_y) if all four corners of the feet are free there.
routine step
        lda try_y
        xba
        and #$FF
        pha
        sec
        sbc #REACH_UP
        tay
        jsr two_corners
        ply
        bcs done
        dey
        jsr two_corners
        bcs done
        lda try_x
        sta player_at_x
        lda try_y
        sta player_at_y
done:   rts
endroutine

; in: Y = line    out: carry = one of the two corners there is in something solid
routine two_corners
        lda try_x
        xba
        and #$FF
        pha
        sec
        sbc #REACH_LEFT
        tax
        jsr cell
        cmp #CELL_BLOCKED
        beq solid
        pla
        clc
        adc #REACH_RIGHT
        tax
        jsr cell
        cmp #CELL_BLOCKED
        beq :+
        clc
:       rts
solid:  pla
        sec
        rts
endroutine

; What is at a point.
; in: X, Y = column and line    out: A = a CELL    keeps Y
routine cell
        tya
        and #$F8
        asl a
        asl a
        sta scratch_2
        txa
        lsr a
        lsr a
        lsr a
        ora scratch_2
        tax
        lda ground, x
        and #$FF
        rts
endroutine

; Whether the feet are behind something: on either side, or in the middle.
; out: player_hidden
routine look_behind
        stz player_hidden
        lda player_at_y
        xba
        and #$FF
        dec a
        tay
        lda player_at_x
        xba
        and #$FF
        pha
        sec
        sbc #REACH_LEFT
        tax
        jsr cell
        cmp #CELL_BEHIND
        beq hidden
        lda 1, s
        clc
        adc #REACH_RIGHT
        tax
        jsr cell
        cmp #CELL_BEHIND
        bne done
hidden: sta player_hidden
done:   pla
        rts
endroutine

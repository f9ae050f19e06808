; What hovers above people: a bubble over whom the player could talk to, notes over the bard.

        .include "game.inc"

        .import person_y, person_x

SIGN_LOOK     = SPRITE_BEFORE | 5 * SPRITE_PALETTE
SIGN_BOBS     = $10             ; frames up, and as many down
SIGN_RISE     = 44              ; lines from somebody's feet up to the bubble
NOTE_TIME     = 64              ; frames that a note rises, of twice as many
NOTE_HEIGHT   = 30              ; lines from the bard's feet to where a note begins
NOTE_TILES    = 2               ; of a sign of 16×16

        .segment "CODE"

; A bubble above whom the player could talk to, and the bard's notes.
routine draw_signs
        lda talk_state
        bne notes
        ldy faced
        bmi notes
        lda frames_run
        and #SIGN_BOBS
        beq :+
        lda #$0100              ; a line
:       sta scratch
        lda person_y, y
        sec
        sbc #SIGN_RISE
        xba
        clc
        adc scratch
        ora person_x, y
        sec
        sbc #7
        ldx #SIGN_TILE
        jsr draw_sign
notes:  lda frames_run
        and #2 * NOTE_TIME - 1
        cmp #NOTE_TIME
        bcs done
        sta scratch
        lsr a
        xba
        and #$FF00
        eor #$FFFF
        sec
        adc #(bard_y - NOTE_HEIGHT) << 8
        pha
        lda scratch
        lsr a
        lsr a
        lsr a
        and #3
        tax
        lda sway, x
        and #$FF
        clc
        adc 1, s
        plx
        ldx #SIGN_TILE + NOTE_TILES
        pha
        lda frames_run
        and #2 * NOTE_TIME
        beq :+
        inx
        inx
:       pla
        jmp draw_sign
done:   rts
sway:   .byte bard_x + 4, bard_x + 5, bard_x + 4, bard_x + 3
endroutine

; in: A = line and column, X = tile    kills: A, X, Y
routine draw_sign
        ldy oam_next
        sta oam, y
        txa
        ora #SIGN_LOOK
        sta oam + 2, y
        tya
        clc
        adc #4
        sta oam_next
        rts
endroutine

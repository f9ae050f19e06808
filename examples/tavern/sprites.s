; Everybody into the table of sprites, from front to back: whoever stands lower on the screen is before the others.

        .include "game.inc"

        .import person_x, person_y, person_slot, person_look, draw_signs

SPRITES_END   = 128 * 4
HIDDEN_LINE   = $F0
BIG_SPRITES   = $AAAA           ; the table's end: all are 16×16, none is left of the screen
FIGURE_HEIGHT = 31              ; from the head of the sprite to below the feet
FIGURES_A_ROW = 8
ROW_TILES     = 16

CALM          = $20             ; frames of each of two pictures of somebody who breathes
LIVELY        = $08
BLINK_EVERY   = 128
BLINK_FRAMES  = 5

        .segment "CODE"

; The sprites of this frame; those of the last one that are left over are hidden.
routine draw_all
        stz oam_next
        jsr draw_signs
        stz player_drawn
        ldx #0
next:   ldy order, x
        phx
        lda player_drawn
        bne :+
        lda player_at_y
        xba
        and #$FF
        cmp person_y, y
        bcc :+
        phy
        jsr draw_player
        ply
:       jsr draw_person
        plx
        inx
        inx
        cpx #2 * 4
        bne next
        lda player_drawn
        bne :+
        jsr draw_player
:       ldx oam_next
:       cpx oam_last
        bcs done
        lda #HIDDEN_LINE << 8
        sta oam, x
        inx
        inx
        inx
        inx
        bra :-
done:   lda oam_next
        sta oam_last
        rts
order:  .word KNIGHT, BARD, INNKEEPER, HERMIT   ; from the lowest on the screen
endroutine

; All sprites out of the picture.
routine clear_sprites
        ldx #SPRITES_END - 4
        lda #HIDDEN_LINE << 8
:       sta oam, x
        dex
        dex
        dex
        dex
        bpl :-
        ldx #30
        lda #BIG_SPRITES
:       sta oam + SPRITES_END, x
        dex
        dex
        bpl :-
        rts
endroutine

; The player, in the picture of its walk.
routine draw_player
        inc player_drawn
        lda player_at_x
        xba
        and #$FF
        sta figure_x
        lda player_at_y
        xba
        and #$FF
        sta figure_y
        lda player_moves
        lsr a
        lsr a
        and #%110               ; one of four pictures, eight frames each
        sta scratch
        lda player_faces
        asl a
        asl a
        ora scratch
        tax
        lda walk_slots, x
        sta figure_slot
        lda walk_looks, x
        ldy player_hidden
        bne :+
        ora #SPRITE_BEFORE
        bra draw
:       ora #SPRITE_BEHIND
draw:   sta figure_look
        jmp draw_figure
; pictures by direction and step
walk_slots:
        .word 0, 1, 0, 1
        .word 2, 3, 2, 3
        .word 4, 5, 4, 6
        .word 4, 5, 4, 6
walk_looks:
        .word 0, 0, 0, SPRITE_FLIPPED
        .word 0, 0, 0, SPRITE_FLIPPED
        .word 0, 0, 0, 0
        .word SPRITE_FLIPPED, SPRITE_FLIPPED, SPRITE_FLIPPED, SPRITE_FLIPPED
endroutine

; A person, breathing; now and then the eyes close.
; in: Y = person
routine draw_person
        lda person_x, y
        sta figure_x
        lda person_y, y
        sta figure_y
        lda person_look, y
        sta figure_look
        tya
        asl a
        asl a
        asl a
        asl a
        adc frames_run          ; everybody in another rhythm
        tax
        and #BLINK_EVERY - 1
        cmp #BLINK_FRAMES
        lda #2
        bcc :+
        cpy speaker
        beq lively
        cpy #BARD
        beq lively
        txa
        and #CALM
        beq :+
        lda #1
:       clc
        adc person_slot, y
        sta figure_slot
        jmp draw_figure
lively: txa                     ; the bard plays, and whoever speaks does not stand still
        and #LIVELY
        beq :-
        lda #1
        bra :-
endroutine

; A figure of two sprites, one above the other.
; in: figure_…    kills: A, X, Y
routine draw_figure
        lda figure_slot
        and #FIGURES_A_ROW - 1
        asl a
        sta scratch
        lda figure_slot
        and #.loword(~(FIGURES_A_ROW - 1))
        asl a                   ; eight figures are four rows of tiles: 64
        asl a
        asl a
        ora scratch
        ora figure_look
        sta scratch
        ldx oam_next
        lda figure_y
        sec
        sbc #FIGURE_HEIGHT
        xba
        ora figure_x
        sec
        sbc #8
        sta oam, x
        clc
        adc #16 << 8
        sta oam + 4, x
        lda scratch
        sta oam + 2, x
        clc
        adc #2 * ROW_TILES
        sta oam + 6, x
        txa
        clc
        adc #8
        sta oam_next
        rts
endroutine

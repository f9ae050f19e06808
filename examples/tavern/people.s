; The four who are there: what they are called, where they stand, with which words they begin.

        .include "game.inc"

        .import random
        .export person_x, person_y, person_slot, person_look, title_of, openings_of

REACH     = 14                  ; how far before the feet the player's hand is
BAR_Y     = 112                 ; whoever speaks with the innkeeper stands before the bar
OPENINGS  = 4                   ; of each person
NEAR      = 13                  ; how far from somebody that hand may be
NEAR_BAR  = 22                  ; along the bar

        .segment "CODE"

; By person
person_x:     .word innkeeper_x, knight_x, bard_x, hermit_x
person_y:     .word innkeeper_y, knight_y, bard_y, hermit_y
person_slot:  .word innkeeper_slot, knight_slot, bard_slot, hermit_slot
person_look:  .word SPRITE_BEHIND + 1 * SPRITE_PALETTE, SPRITE_BEFORE + 2 * SPRITE_PALETTE
              .word SPRITE_BEFORE + 3 * SPRITE_PALETTE, SPRITE_BEFORE + 4 * SPRITE_PALETTE
spoken_to_y:  .word BAR_Y, knight_y - 4, bard_y - 4, hermit_y - 4
near_x:       .word NEAR_BAR, NEAR, NEAR, NEAR
near_y:       .word NEAR, NEAR, NEAR, NEAR
title_of:     .word innkeeper_title, knight_title, bard_title, hermit_title
openings_of:  .word innkeeper_openings, knight_openings, bard_openings, hermit_openings

innkeeper_title: .asciiz "The Innkeeper"
knight_title:    .asciiz "A Knight"
bard_title:      .asciiz "The Bard"
hermit_title:    .asciiz "An Old Woman"

innkeeper_openings: .word they_say, word_is, folk_say, i_heard
knight_openings:    .word help, bring, go_to, ring
bard_openings:      .word whoever, only, golden, moon
hermit_openings:    .word never, meet, midnight, red_moon

they_say: .asciiz "they say "
word_is:  .asciiz "word is "
folk_say: .asciiz "folk say "
i_heard:  .asciiz "i heard "
help:     .asciiz "help the "
bring:    .asciiz "bring "
go_to:    .asciiz "go to "
ring:     .asciiz "ring "
whoever:  .asciiz "whoever "
only:     .asciiz "only the "
golden:   .asciiz "the golden "
moon:     .asciiz "the moon "
never:    .asciiz "never trust "
meet:     .asciiz "if you meet "
midnight: .asciiz "at midnight, "
red_moon: .asciiz "under a red moon, "

; Who is within reach of where the player faces.
; out: faced
routine find_faced
        ldx player_faces
        lda player_at_x
        xba
        and #$FF
        clc
        adc reach_x, x
        sta probe_x
        lda player_at_y
        xba
        and #$FF
        clc
        adc reach_y, x
        sta probe_y
        ldx #HERMIT
next:   lda person_x, x
        sec
        sbc probe_x
        jsr size
        cmp near_x, x
        bcs :+
        lda spoken_to_y, x
        sec
        sbc probe_y
        jsr size
        cmp near_y, x
        bcc found
:       dex
        dex
        bpl next
found:  stx faced               ; counting down ends at NOBODY
        rts
reach_x: .word 0, 0, .loword(-REACH), REACH
reach_y: .word REACH, .loword(-REACH), -2 & $FFFF, -2 & $FFFF
endroutine

; A number without its sign.
routine size
        bpl :+
        eor #$FFFF
        inc a
:       rts
endroutine

; One of a person's openings, by chance.
; in: X = person    out: A = address of the phrase    kills: Y
routine choose_opening
        jsr random
        and #OPENINGS - 1
        asl a
        clc
        adc openings_of, x
        tay
        lda a:0, y
        rts
endroutine

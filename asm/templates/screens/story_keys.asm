; The beginning of a story: typed by keys in rows, a character each.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "story.inc"

        .segment "CODE"

BLOCK       = $7F
SPACE_SHOWN = $B7               ; a dot in the middle
KEY_ROWS    = (KEYS + KEY_COLUMNS - 1) / KEY_COLUMNS

; Answer to what was pressed.
; in: A    out: carry = tell the story    kills: A, X, Y
proc typing_pad, 16, 16
        pha
        call begin_status
        pla
        bit #PAD_START
        bne tell
        bit #PAD_A
        bne type
        bit #PAD_X
        bne space
        bit #PAD_B
        bne delete
        bit #PAD_L
        bne cooler
        bit #PAD_R
        bne warmer
        and #PAD_CROSS
        beq done
        call move_key
        call draw_keys
        bra done
type:   ldx story_cursor
        lda f:story_keys, x
        and #$FF
        bra :+
space:  lda #' '
:       call type_character
        bra typed
delete: lda story_length
        beq done
        dec story_length
typed:  call draw_story_text
        bra done
cooler: lda #PAD_LEFT
        bra :+
warmer: lda #PAD_RIGHT
:       call change_settings
        call draw_settings
done:   clc
        rts
tell:   sec
        rts
endproc

; A character behind those typed, if there is room.
; in: A, the cursor in the status line    kills: A, X, Y
proc type_character, 16, 16
        ldx story_length
        cpx #STORY_MAX
        bcs full
        a8
        sta story_text, x
        a16
        inc story_length
        rts
full:   ldx #.loword(no_room)
        tail_call put_string
no_room: .asciiz "no room for another letter"
endproc

; The typed text, and a block where the next character goes; every tile is written once, so that nothing flickers.
; kills: A, X, Y, cursor
proc draw_story_text, 16, 16
        at TYPED_ROW, 1
        set ink, INK_GOLD | TALL
        ldy #0
next:   lda story_text, y
        and #$FF
        cpy story_length
        bcc put
        bne blank
        lda #BLOCK
        cpy #STORY_MAX
        bcc put
blank:  lda #' '
put:    call put_character
        iny
        cpy #TYPED_TILES
        bne :+
        at TYPED_ROW + 2, 1
:       cpy #TYPED_TILES * TYPED_ROWS
        bne next
        rts
        .assert TYPED_ROWS = 2, error, "typed text has two lines"
endproc

; By the cross: left and right go around, up and down end at the first and the last row.
; in: A    kills: A
proc move_key, 16, 16
        bit #PAD_UP
        bne up
        bit #PAD_LEFT
        bne left
        bit #PAD_RIGHT
        bne right
        lda story_cursor
        clc
        adc #KEY_COLUMNS
        cmp #KEYS
        bcc move
        lda story_cursor
        cmp #(KEY_ROWS - 1) * KEY_COLUMNS
        lda #KEYS - 1           ; nothing straight below
        bcc move
        rts
up:     lda story_cursor
        sec
        sbc #KEY_COLUMNS
        bcs move
        rts
left:   lda story_cursor
        bne :+
        lda #KEYS
:       dec a
        bra move
right:  lda story_cursor
        inc a
        cmp #KEYS
        bcc move
        lda #0
move:   sta story_cursor
        rts
endproc

; The keys, the chosen one gold. Every tile is written once.
; kills: A, X, Y, count, cursor
proc draw_keys, 16, 16
        at KEYS_ROW, KEYS_COLUMN
        stz count
row:    ldy #KEY_COLUMNS
:       call draw_key
        dey
        bne :-
        lda cursor
        clc
        adc #KEY_PITCH * ROW_BYTES - 2 * 2 * KEY_COLUMNS
        sta cursor
        lda count
        cmp #KEY_ROWS * KEY_COLUMNS
        bne row
        rts
endproc

; A key, and the empty tile behind it.
; in: count = its number    out: count    kills: A, X, cursor
proc draw_key, 16, 16
        set ink, INK_SKY | TALL
        lda count
        cmp story_cursor
        bne :+
        set ink, INK_GOLD | TALL
        phy
        ldy #1
        call point_around
        ply
:       ldx count
        inc count
        lda #' '
        cpx #KEYS
        bcs put
        lda f:story_keys, x
        and #$FF
        cmp #' '
        bne put
        lda #SPACE_SHOWN
put:    call put_character
        lda #' '
        tail_call put_character
endproc

; The screen where a person types how a name begins, and the model completes it ten ways. What can be typed is sky, what
; was typed is gold, what the model made is paper. Every letter typed begins the ten again, at once.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

SYMBOLS     = N_VOCAB - 1               ; BOS, the last token, is no letter
MARKER      = '>'
BLOCK       = $7F
ELLIPSIS    = $1F
SPACE_SHOWN = '_'                       ; a space among the letters to choose from

PROMPT_ROW  = 4
TEXT_COLUMN = 2                         ; behind a marker
LINE_TILES  = 31 - TEXT_COLUMN
MOST_TYPED  = 20                        ; so that what is made can be seen behind it
.if N_CONTEXT - 1 < MOST_TYPED
PROMPT_MAX  = N_CONTEXT - 1             ; a full context has no place for a letter of the model
.else
PROMPT_MAX  = MOST_TYPED
.endif

GRID_COLUMNS = 14
MOST_GRID_ROWS = 6
ALL_ROWS    = (SYMBOLS + GRID_COLUMNS - 1) / GRID_COLUMNS
.if ALL_ROWS < MOST_GRID_ROWS
GRID_ROWS   = ALL_ROWS
.else
GRID_ROWS   = MOST_GRID_ROWS
.endif
.if GRID_ROWS * 2 <= MOST_GRID_ROWS
GRID_PITCH  = 2                         ; few letters stand apart
.else
GRID_PITCH  = 1
.endif
GRID_ROW    = 5 + GRID_PITCH
GRID_END    = GRID_ROW + (GRID_ROWS - 1) * GRID_PITCH + 1

COMPLETIONS_ROW = GRID_END + GRID_PITCH
.assert COMPLETIONS_ROW + COMPLETIONS <= STATUS_ROW, error, "the completions reach into the status line"

; Complete what is typed for ever; after the tenth, wait.
proc prompt_page, 16, 16
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        call draw_hints
        call set_temperature
        call draw_grid
begin:  call begin_prompt
letter: call try_token
        bcs pressed
        call count_token
        call show_completed
        call advance
        bcs ended
        call note_prompt_end
        bra letter
ended:  inc completions_made
        lda completions_made
        cmp #COMPLETIONS
        beq rest
        call return_to_prompt_end
        call begin_line
        bra letter
rest:   call wait_pad
        bra answer
pressed:
        call take_pad
answer: call prompt_pad
        bcs begin
        lda completions_made
        cmp #COMPLETIONS
        beq rest
        bra letter
hints:  .asciiz "A type  B delete  START more"
hints_below: .asciiz "L R T  X keep  SELECT next"
endproc

; The ten completions of what is typed, from the seed on.
; kills: A, X, Y
proc begin_prompt, 16, 16
        lda prompt_length
        sta given_tokens
        lda seed
        call seed_random
        call draw_settings
        call draw_typed
        call begin_document
        call note_prompt_end
        jmp .loword(begin_list)
endproc

; Where the prompt ends and the first free letter comes: the keys and values so far serve all ten completions.
; kills: A
proc note_prompt_end, 16, 16
        lda position
        cmp given_tokens
        bne done
        lda token
        sta prompt_token
        lda position_bytes
        sta prompt_bytes
        lda front_base
        sta prompt_front
done:   rts
endproc

; Another completion begins there.
; kills: A
proc return_to_prompt_end, 16, 16
        lda given_tokens
        sta position
        lda prompt_token
        sta token
        lda prompt_bytes
        sta position_bytes
        lda prompt_front
        sta front_base
        rts
endproc

; Answer to what was pressed.
; in: A    out: carry = begin again: what is typed, or the temperature, has changed    kills: A, X, Y
proc prompt_pad, 16, 16
        pha
        call begin_status
        pla
        bit #PAD_A
        bne type
        bit #PAD_B
        bne delete
        bit #PAD_START
        bne more
        bit #PAD_X
        bne keep
        bit #PAD_L
        bne cooler
        bit #PAD_R
        bne warmer
        and #PAD_CROSS
        beq same
        call move_in_prompt
same:   clc
        rts
type:   jmp .loword(type_letter)
delete: lda prompt_length
        beq same
        dec prompt_length
        sec
        rts
more:   lda completions_made
        cmp #COMPLETIONS
        bne same                ; these come first
        call return_to_prompt_end
        call begin_list
        bra same
keep:   call keep_completion
        bra same
cooler: lda #PAD_LEFT
        bra change
warmer: lda #PAD_RIGHT
change: call change_settings
        bcc same
        call set_temperature
        sec
        rts
endproc

; The letter under the cursor goes behind those typed, if there is room.
; out: carry = it did    kills: A, X, Y
proc type_letter, 16, 16
        lda prompt_choice
        bne not
        lda prompt_length
        cmp #PROMPT_MAX
        bcs full
        asl a
        tax
        lda prompt_cursor
        sta host_prompt, x
        inc prompt_length
        sec
        rts
full:   ldx #.loword(no_room)
        call put_string
not:    clc
        rts
no_room: .asciiz "no room for another letter"
endproc

; Keep the completion that is chosen, or the newest.
; in: the cursor in the status line    kills: A, X, Y
proc keep_completion, 16, 16
        lda prompt_choice
        bne :+
        lda completions_made
:       dec a
        cmp completions_made    ; it is not made yet; or there is none, and this is below zero
        bcs done
        call find_completion
        call keep_entry
        lda completions_made    ; the one that is being made
        jmp .loword(find_completion)
done:   rts
endproc

; X = where a completion lies, counted from `history`.
; in: A = its number    out: X, entry_offset    kills: A
proc find_completion, 16, 16
        .repeat ::ENTRY_SHIFT
        asl a
        .endrepeat
        clc
        adc #.loword(completions - history)
        sta entry_offset
        tax
        rts
endproc

; Ten empty lines, and the first of them begun.
; kills: A, X, Y
proc begin_list, 16, 16
        stz completions_made
        ldx #COMPLETIONS_ROW * ROW_BYTES
        ldy #COMPLETIONS * 32
        call clear_tiles
        call draw_choice
        call start_speed
        jmp .loword(begin_line)
endproc

; What is typed, on the next line and in its entry.
; kills: A, X, Y
proc begin_line, 16, 16
        lda completions_made
        call find_completion
        lda #0
        .repeat ::ENTRY_BYTES / 2, I
        sta f:history + 2 * I, x
        .endrepeat
        stz completion_length
        set ink, INK_GOLD
        ldy #0
next:   cpy given_tokens
        beq done
        tya
        asl a
        tax
        lda host_prompt, x
        call put_letter
        iny
        bra next
done:   rts
endproc

; The letter that was chosen, unless it was typed: on its line, in its entry, and as a note.
; kills: A, X, Y
proc show_completed, 16, 16
        lda next_token
        cmp #TOKEN_BOS
        beq done
        ldy position
        cpy given_tokens
        bcc done
        set ink, INK_PAPER
        lda next_token
        call put_letter
        jmp .loword(play_letter)
done:   rts
endproc

; A token of the completion that is being made, in the ink set.
; in: A    kills: A, X, cursor
proc put_letter, 16, 16
        asl a
        tax
        lda f:token_offsets, x
next:   sta token_text
        tax
        lda f:token_texts, x
        and #$FF
        beq done
        phy
        ldy completion_length
        inc completion_length
        call put_completed
        ply
        lda token_text
        inc a
        bra next
done:   rts
endproc

; A character of it. The last tile says when it is longer than its line.
; in: A, Y = its place    kills: A, X, cursor
proc put_completed, 16, 16
        cpy #ENTRY_BYTES
        bcs :+
        pha
        tya
        clc
        adc entry_offset
        tax
        pla
        a8
        sta f:history, x
        a16
:       cpy #LINE_TILES
        bcs long
        pha
        tya
        asl a
        bra put
long:   lda #ELLIPSIS
        pha
        lda #2 * (LINE_TILES - 1)
put:    sta cursor
        lda completions_made
        .repeat 6
        asl a
        .endrepeat
        clc
        adc cursor
        clc
        adc #COMPLETIONS_ROW * ROW_BYTES + 2 * TEXT_COLUMN
        sta cursor
        pla
        jmp .loword(put_character)
endproc

; What is typed, and a block where the next letter goes; every tile is written once, so that nothing flickers.
; kills: A, X, Y
proc draw_typed, 16, 16
        at PROMPT_ROW, TEXT_COLUMN
        set ink, INK_GOLD
        ldy #0
next:   cpy prompt_length
        beq end
        tya
        asl a
        tax
        lda host_prompt, x
        call put_typed
        iny
        bra next
end:    lda #BLOCK
        cpy #PROMPT_MAX
        bcc :+
        lda #' '
:       call put_in_line
blank:  lda #' '                ; what was deleted
        call put_in_line
        bcc blank
        rts
endproc

; A token that is typed.
; in: A    kills: A, X
proc put_typed, 16, 16
        asl a
        tax
        lda f:token_offsets, x
next:   sta token_text
        tax
        lda f:token_texts, x
        and #$FF
        beq done
        call put_in_line
        lda token_text
        inc a
        bra next
done:   rts
endproc

; A character at the cursor, while the line of what is typed has room.
; in: A    out: carry = it has none    kills: A, X
proc put_in_line, 16, 16
        ldx cursor
        cpx #PROMPT_ROW * ROW_BYTES + 2 * (TEXT_COLUMN + LINE_TILES)
        bcs done
        call put_character
        clc
done:   rts
endproc

; By the cross: through the letters, and further down through the completions.
; in: A    kills: A, X, Y
proc move_in_prompt, 16, 16
        ldx prompt_choice
        bne list
        call move_in_grid
draw:   call draw_grid
        jmp .loword(draw_choice)
list:   bit #PAD_UP
        bne up
        bit #PAD_DOWN
        beq draw
        cpx #COMPLETIONS
        bcs draw
        inc prompt_choice
        bra draw
up:     dec prompt_choice
        bra draw
endproc

; Left and right go around; down from the last row leads to the completions. The window follows the cursor.
; in: A    kills: A, X
proc move_in_grid, 16, 16
        bit #PAD_UP
        bne up
        bit #PAD_LEFT
        bne left
        bit #PAD_RIGHT
        bne right
        lda prompt_cursor
        clc
        adc #GRID_COLUMNS
        cmp #SYMBOLS
        bcc move
        lda prompt_cursor
        cmp #(ALL_ROWS - 1) * GRID_COLUMNS
        lda #SYMBOLS - 1        ; nothing straight below
        bcc move
        inc prompt_choice
        rts
up:     lda prompt_cursor
        sec
        sbc #GRID_COLUMNS
        bcs move
        rts
left:   lda prompt_cursor
        bne :+
        lda #SYMBOLS
:       dec a
        bra move
right:  lda prompt_cursor
        inc a
        cmp #SYMBOLS
        bcc move
        lda #0
move:   sta prompt_cursor
        ldx #0                  ; its row
:       cmp #GRID_COLUMNS
        bcc :+
        sbc #GRID_COLUMNS
        inx
        bra :-
:       cpx prompt_top
        bcs :+
        stx prompt_top
:       txa
        sec
        sbc #GRID_ROWS - 1
        bcc done
        cmp prompt_top
        bcc done
        sta prompt_top
done:   rts
endproc

; The letters in the window, and whether there are more above and below. Every tile is written once.
; kills: A, X, Y, count, column, rows, field
proc draw_grid, 16, 16
        lda prompt_top
        asl a
        sta count
        asl a
        asl a
        asl a
        sec
        sbc count               ; 14 letters a row
        sta count
        lda prompt_cursor
        ldx prompt_choice
        beq :+
        lda #.loword(-1)        ; the cursor is in the completions
:       sta column
        at GRID_ROW, 1
        set rows, GRID_ROWS
row:    set field, ' '
        ldy #GRID_COLUMNS
:       call draw_cell
        dey
        bne :-
        set ink, INK_GOLD
        lda field
        call put_character
        lda cursor
        clc
        adc #GRID_PITCH * ROW_BYTES - 2 * (2 * GRID_COLUMNS + 1)
        sta cursor
        dec rows
        bne row
        set ink, INK_GREY
        at GRID_ROW, 30
        lda #' '
        ldx prompt_top
        beq :+
        lda #'^'
:       call put_character
        at GRID_END - 1, 30
        lda #'v'
        ldx prompt_top
        cpx #ALL_ROWS - GRID_ROWS
        bcc :+
        lda #' '
:       jmp .loword(put_character)
endproc

; A letter and the tile before it, which may close the cursor around the last one.
; in: count = its number, column = the cursor's, field = that tile    out: count, field    kills: A, X
proc draw_cell, 16, 16
        set ink, INK_GOLD
        lda count
        cmp column
        beq chosen
        lda field
        call put_character
        set ink, INK_SKY
        lda #' '
        bra letter
chosen: lda #'['
        call put_character
        lda #']'
letter: sta field
        lda #' '
        ldx count
        inc count
        cpx #SYMBOLS
        bcs put
        lda .loword(symbol_characters), x
        and #$FF
        cmp #' '
        bne put
        lda #SPACE_SHOWN
put:    jmp .loword(put_character)
endproc

; The marker before the completion that is chosen.
; kills: A, X, Y
proc draw_choice, 16, 16
        at COMPLETIONS_ROW, 1
        set ink, INK_GOLD
        ldy #1
next:   lda #' '
        cpy prompt_choice
        bne :+
        lda #MARKER
:       call put_character
        lda cursor
        clc
        adc #ROW_BYTES - 2
        sta cursor
        iny
        cpy #COMPLETIONS + 1
        bne next
        rts
endproc

; The screen of names, as they are made; all of them stay in `history`, for looking back and for keeping.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

NAME_ROWS   = 20
NAMES       = NAME_ROWS * NAME_COLUMNS
FIRST_ROW   = 4
COLUMN      = 30 / NAME_COLUMNS         ; tiles: a marker, then the name
NAME_TILES  = COLUMN - 1
MARKER      = '>'
ELLIPSIS    = $1F
HISTORY_PAGES = HISTORY_BYTES / (NAMES * ENTRY_BYTES)
.assert HISTORY_PAGES >= 2, error, "the names made do not fit their memory"

; Make names for ever, a screenful at a time. Coming back from another screen goes on where it was left, unless the
; settings are others now.
proc names_page, 16, 16
        call draw_names_hints
        stz names_view
        lda temperature
        cmp names_temperature
        bne begin
        lda seed
        cmp names_seed
        bne begin
        call set_temperature
        lda names_random
        sta random_x
        lda names_random + 2
        sta random_y
        call draw_settings
        call draw_view
        jmp .loword(go_on)
begin:  call begin_names
go_on:  call start_speed
next:   lda names_made
        cmp #NAMES
        beq rest
        call begin_name
letter: call try_token
        bcs pressed
        mark draw
        call show_letter
        call count_token
        mark advance
        call advance
        bcc letter
        mark draw
        call settle_name
        bra next
rest:   mark rest
        call wait_pad
        call names_pad
        bcs begin
        lda names_made
        cmp #NAMES
        beq rest
        bra go_on
pressed:
        call take_pad
        call names_pad
        bcs begin
        bra letter
endproc

; A new list, with the settings that stand.
; kills: A, X, Y
proc begin_names, 16, 16
        call set_temperature
        lda temperature
        sta names_temperature
        lda seed
        sta names_seed
        call seed_random
        call draw_settings
        stz names_page_number
        stz names_slot
        jmp .loword(begin_page)
endproc

; An empty page of names.
; kills: A, X, Y
proc begin_page, 16, 16
        mark page_start
        stz names_made
        stz tokens_made
        stz tokens_made + 2
        call clear_list
        jmp .loword(draw_page_number)
endproc

; The next page, in the next slot of `history`: the oldest one makes room.
; kills: A, X, Y
proc next_names_page, 16, 16
        inc names_page_number
        lda names_slot
        inc a
        cmp #HISTORY_PAGES
        bcc :+
        lda #0
:       sta names_slot
        jmp .loword(begin_page)
endproc

; Answer to what was pressed.
; in: A    out: carry = begin again with other settings    kills: A, X, Y
proc names_pad, 16, 16
        tay
        bit #PAD_X
        beq :+
        ldx names_made
        beq :+
        dex
        txa
        call keep_name          ; the newest
        call resume_name
        clc
        rts
:       tya
        bit #PAD_B | PAD_L | PAD_R
        beq :+
        call look_back
        clc
        rts
:       bit #PAD_A | PAD_START
        beq :+
        lda names_made
        cmp #NAMES
        bne :+
        call next_names_page
        clc
        rts
:       tya
        jmp .loword(change_settings)
endproc

; Paused: L and R turn the pages, the cross moves the cursor, X keeps; A or B goes on.
; in: A = what brought us here    kills: A, X, Y
proc look_back, 16, 16
        pha
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        call draw_hints
        stz names_cursor
        ldx names_made
        beq :+
        dex
        stx names_cursor
:       pla
        and #PAD_L | PAD_R      ; these turn a page at once
        bra turn
look:   call wait_pad
        bit #PAD_A | PAD_B
        bne leave
        bit #PAD_X
        beq turn
        lda names_cursor
        call keep_name
        bra look
turn:   call move_in_names
        call draw_view
        bra look
leave:  stz names_view
        call draw_names_hints
        call draw_view
        jmp .loword(resume_name)
hints:  .asciiz "PAUSED  A B go on   X keep"
hints_below: .asciiz "L R pages   cross chooses"
endproc

; The cursor, or the page looked at, by a press.
; in: A    kills: A, X, Y
proc move_in_names, 16, 16
        bit #PAD_L
        bne older
        bit #PAD_R
        bne newer
        bit #PAD_UP
        bne up
        bit #PAD_DOWN
        bne down
        bit #PAD_LEFT
        bne left
        bit #PAD_RIGHT
        beq done
        lda #NAME_ROWS
        bra move
up:     lda #.loword(-1)
        bra move
down:   lda #1
        bra move
left:   lda #.loword(-NAME_ROWS)
move:   clc
        adc names_cursor
        cmp #NAMES              ; also what is below zero
        bcs done
        sta names_cursor
done:   rts
older:  lda names_view
        inc a
        cmp #HISTORY_PAGES
        bcs done
        cmp names_page_number
        beq :+
        bcs done
:       sta names_view
        rts
newer:  lda names_view
        beq done
        dec names_view
        rts
endproc

; Keep a name of the page looked at, and say so.
; in: A = its number there    kills: A, X, Y
proc keep_name, 16, 16
        ldx names_view
        beq :+
        ldx #NAMES              ; older pages are full
        bra full
:       ldx names_made
full:   stx count
        cmp count
        bcs done
        pha
        call begin_status
        pla
        call find_entry
        call keep_entry
done:   rts
endproc

; X = where a name of the page looked at begins in `history`.
; in: A = its number there, names_view    out: X, entry_offset    kills: A, mul_a, mul_b
proc find_entry, 16, 16
        pha
        lda names_slot
        sec
        sbc names_view
        bcs :+
        adc #HISTORY_PAGES
:       sta mul_a
        set mul_b, NAMES
        call mul_u16
        pla
        clc
        adc product
        .repeat ::ENTRY_SHIFT
        asl a
        .endrepeat
        sta entry_offset
        tax
        rts
endproc

; A document, and an empty entry for it, marked on its line.
; kills: A, X, Y
proc begin_name, 16, 16
        call begin_document
        lda random_x
        sta names_random
        lda random_y
        sta names_random + 2
        lda names_made
        call find_entry
        lda #0
        .repeat ::ENTRY_BYTES / 2, I
        sta f:history + 2 * I, x
        .endrepeat
        jmp .loword(mark_name)
endproc

; The cursor at the line of the name that is being made, behind the marker.
; kills: A, X, Y
proc mark_name, 16, 16
        lda names_made
        call name_place
        set ink, INK_GOLD
        lda #MARKER
        jmp .loword(put_character)
endproc

; After looking back: what there is of the name that is being made, in gold, and the cursor behind it.
; kills: A, X, Y
proc resume_name, 16, 16
        lda names_made
        cmp #NAMES
        beq done
        call mark_name
        lda names_made
        call find_entry
        ldy position
        jmp .loword(put_entry)
done:   rts
endproc

; The letter that was chosen: on its line, in `history`, and as a note.
; kills: A, X, Y
proc show_letter, 16, 16
        lda next_token
        cmp #TOKEN_BOS
        beq done
        tax
        lda .loword(symbol_characters), x
        and #$FF
        ldy position
        cpy #ENTRY_BYTES
        bcs :+
        pha
        lda entry_offset
        clc
        adc position
        tax
        pla
        a8
        sta f:history, x
        a16
:       cpy #NAME_TILES
        bcs long
        call put_character
        jmp .loword(play_letter)
long:   call put_ellipsis
        jmp .loword(play_letter)
done:   rts
endproc

; A name is too long for its line: the last tile says so.
; kills: A, X
proc put_ellipsis, 16, 16
        dec cursor
        dec cursor
        lda #ELLIPSIS
        jmp .loword(put_character)
endproc

; The name is complete: gold turns to paper, the marker goes.
; kills: A, X, Y
proc settle_name, 16, 16
        lda names_made
        call name_place
        lda #' '
        call put_character
        ldx cursor
        ldy #NAME_TILES
:       lda f:screen, x
        and #.loword(~INK_GREY)
        sta f:screen, x
        inx
        inx
        dey
        bne :-
        inc names_made
        rts
endproc

; The cursor at the marker of a name's line.
; in: A = its number on the page    kills: A, X
proc name_place, 16, 16
        ldx #FIRST_ROW * ROW_BYTES + 2
:       cmp #NAME_ROWS
        bcc :+
        sbc #NAME_ROWS
        pha
        txa
        clc
        adc #2 * COLUMN
        tax
        pla
        bra :-
:       .repeat 6
        asl a
        .endrepeat
        stx cursor
        clc
        adc cursor
        sta cursor
        rts
endproc

; An entry of `history` at the cursor, in the ink set, as long as its line.
; in: X = the entry, Y = characters at most    kills: A, X, Y
proc put_entry, 16, 16
        cpy #NAME_TILES
        bcc next
        ldy #NAME_TILES
next:   dey
        bmi done
        lda f:history, x
        and #$FF
        beq done
        phx
        call put_character
        plx
        inx
        bra next
done:   lda f:history, x
        and #$FF
        beq :+
        cpy #0
        bpl :+
        call put_ellipsis
:       rts
endproc

; Empty lines.
; kills: A, X, Y
proc clear_list, 16, 16
        ldx #FIRST_ROW * ROW_BYTES
        ldy #NAME_ROWS * 32
        jmp .loword(clear_tiles)
endproc

; All names of the page looked at, the one under the cursor gold if one is looking back.
; kills: A, X, Y
proc draw_view, 16, 16
        call clear_list
        call draw_page_number
        ldx names_view
        beq :+
        ldx #NAMES
        bra full
:       ldx names_made
full:   stx rows
        stz column
next:   lda column
        cmp rows
        bcs done
        call draw_name
        inc column
        bra next
done:   rts
endproc

; One of them.
; in: column = its number    kills: A, X, Y
proc draw_name, 16, 16
        lda column
        call name_place
        set ink, INK_PAPER
        lda column
        cmp names_cursor
        bne :+
        set ink, INK_GOLD
        lda #MARKER
        call put_character
        bra text
:       inc cursor
        inc cursor
text:   lda column
        call find_entry
        ldy #ENTRY_BYTES
        jmp .loword(put_entry)
endproc

; The number of the page looked at.
; kills: A, X, Y
proc draw_page_number, 16, 16
        at TITLE_ROW, 20
        say INK_GREY, label
        set ink, INK_PAPER
        lda names_page_number
        sec
        sbc names_view
        inc a
        ldy #5
        jmp .loword(put_decimal)
label:  .asciiz "page "
endproc

; kills: A, X, Y
proc draw_names_hints, 16, 16
        set names_cursor, NAMES
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        jmp .loword(draw_hints)
hints:  .asciiz "A more B pause X keep Y sound"
hints_below: .asciiz "<> T  ^v seed  L R back SELECT"
endproc

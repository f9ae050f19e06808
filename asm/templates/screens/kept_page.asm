; The screen of names kept: the list, a page of two columns or one; X removes one, START all of them.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

KEPT_ROWS   = 8
KEPT_PAGE   = KEPT_ROWS * NAME_COLUMNS
COUNT_ROW   = 2
.if NAME_LINES = 1
FIRST_ROW   = 6                         ; an even one: names are tall
ROW_SHIFT   = 7
NAME_SIZE   = TALL
.else
FIRST_ROW   = 4
ROW_SHIFT   = 6
NAME_SIZE   = 0
.endif
BAR_ROW     = FIRST_ROW + KEPT_ROWS     ; below it, the name that is chosen in full, where names are long
PAGE_COLUMN = 20
COLUMN      = 30 / NAME_COLUMNS         ; tiles: a place for the pointer, then the name
NAME_TILES  = COLUMN - 1
REMOVED_TILES = 15
.assert NAME_TILES < ENTRY_BYTES, error, "put_kept would read behind an entry"
.assert NAME_COLUMNS <= 2, error, "the second bit of a name's number is its column"
.assert BAR_ROW + NAME_LINES < STATUS_ROW - 1, error, "a name in full reaches into the window's edge"

        .export kept_windows
kept_windows:
        windows_of INSIDE
        window 0, 0, 4, 32
        window 3, 0, 21, 32
        window 3, 0, 1, 32
        .if ::NAME_LINES > 1
        window BAR_ROW, 0, 1, 32
        .endif
        windows_end

; The list, and what to do with it.
proc kept_page, 16, 16
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        call draw_hints
        call draw_kept
        call begin_status
        lda save_state
        asl a
        tax
        lda .loword(findings), x
        tax
        call put_string
next:   call wait_pad
        ldx kept_count
        beq next                ; nothing to choose from
        bit #PAD_START
        bne clear
        bit #PAD_X
        bne remove
        call move_in_kept
        bra next
remove: call remove_chosen
        bra next
clear:  call ask_and_clear
        bra next
hints:  .asciiz "X remove  START clear all"
hints_below: .asciiz "<>^v L R choose  SELECT next"
findings: .addr .loword(well), .loword(repaired), .loword(repaired), .loword(cleared), .loword(no_answer)
repaired: .asciiz "one copy was damaged: repaired"
cleared: .asciiz "new or damaged save: cleared"
well:   .byte 0
endproc

; The name under the cursor goes, and the status line says which.
; in: kept_count > 0    kills: A, X, Y
proc remove_chosen, 16, 16
        call begin_status
        ldx #.loword(removed)
        call put_string
        lda kept_cursor
        ldy #REMOVED_TILES
        call put_kept
        lda kept_cursor
        call remove_kept
        tail_call after_change
removed: .asciiz "removed "
endproc

; All names go, if A confirms it; B leaves them, also if both are pressed.
; kills: A, X, Y
proc ask_and_clear, 16, 16
        call begin_status
        ldx #.loword(question)
        call put_string
        call put_kept_count
        ldx #.loword(answers)
        call put_string
:       call wait_pad
        bit #PAD_B
        bne no
        bit #PAD_A
        beq :-
        call begin_status
        call clear_kept
        tail_call after_change
no:     tail_call begin_status
question: .asciiz "clear all "
answers: .asciiz "?  A yes  B no"
endproc

; The list after it was changed, unless the change could not be saved.
; in: carry = it could not    kills: A, X, Y
proc after_change, 16, 16
        bcc :+
        call begin_status
        ldx #.loword(no_answer)
        tail_call put_string
:       tail_call draw_kept
endproc

; The cursor moves by a press: up and down a name, left and right a column, L and R a page, or to the very end.
; in: A = pressed, kept_count > 0    kills: A, X, Y
proc move_in_kept, 16, 16
        ldx kept_cursor
        stx column
        bit #PAD_L
        bne back
        bit #PAD_R
        bne on
        bit #PAD_UP
        bne up
        bit #PAD_DOWN
        bne down
        bit #PAD_LEFT
        bne left
        bit #PAD_RIGHT
        beq done
        lda #KEPT_ROWS
        bra move
up:     lda #.loword(-1)
        bra move
down:   lda #1
        bra move
left:   lda #.loword(-KEPT_ROWS)
move:   clc
        adc kept_cursor
        cmp kept_count          ; also what is below zero
        bcc show
done:   rts
back:   lda kept_cursor
        sec
        sbc #KEPT_PAGE
        bcs show
        lda #0
        bra show
on:     lda kept_cursor
        clc
        adc #KEPT_PAGE
        cmp kept_count
        bcc show
        lda kept_count
        dec a
show:   sta kept_cursor
        eor column
        and #.loword(-KEPT_PAGE)
        beq :+
        tail_call draw_kept
:       call draw_kept_line     ; where it was
        lda kept_cursor
        sta column
        .if ::NAME_LINES > 1
        call draw_kept_line
        tail_call draw_kept_in_full
        .else
        tail_call draw_kept_line
        .endif
endproc

; Everything but the status line. Nothing is emptied first: what stays does not flicker.
; kills: A, X, Y, column, rows
proc draw_kept, 16, 16
        lda kept_cursor
        cmp kept_count
        bcc :+
        stz kept_cursor
        lda kept_count
        beq :+
        dec a                   ; the last one was removed
        sta kept_cursor
:       call draw_kept_head
        lda kept_cursor
        and #.loword(-KEPT_PAGE)
        sta column
        set rows, KEPT_PAGE
:       call draw_kept_line
        inc column
        dec rows
        bne :-
        .if ::NAME_LINES > 1
        call draw_kept_in_full
        .endif
        lda kept_count
        bne :+
        call hide_pointer
        ldx #FIRST_ROW * ROW_BYTES
        ldy #(BAR_ROW - FIRST_ROW) * 32
        call clear_tiles
        at FIRST_ROW, 2
        say INK_PAPER | NAME_SIZE, nothing
        at FIRST_ROW + 3, 2
        say INK_GREY, advice
        at FIRST_ROW + 4, 2
        say INK_GREY, advice_below
:       rts
nothing: .asciiz "Nothing is kept yet."
advice: .asciiz "Press X on the NAMES screen:"
advice_below: .asciiz "the newest name comes here."
endproc

; How many, and which page of how many. The blank at the end wipes what was there with one digit more.
; kills: A, X, Y, field, number
proc draw_kept_head, 16, 16
        at COUNT_ROW, 1
        set ink, INK_PAPER
        call put_kept_of_all
        say INK_GREY, names
        at TITLE_ROW, PAGE_COLUMN
        say INK_GREY, page_label
        set ink, INK_PAPER
        lda kept_cursor
        call put_kept_page
        say INK_GREY, of
        set ink, INK_PAPER
        lda kept_count
        beq :+
        dec a
:       tail_call put_kept_page
names:  .asciiz " names kept "
page_label: .asciiz "page "
of:     .asciiz " of "
endproc

; The page that a name is on, counted from 1.
; in: A = its number    kills: A, X
proc put_kept_page, 16, 16
        ldx #'1'
:       sec
        sbc #KEPT_PAGE
        bcc :+
        inx
        bra :-
:       txa
        tail_call put_character
endproc

        .if ::NAME_LINES > 1
; The name that is chosen, all of it, with whole words; or nothing.
; kills: A, X, Y
proc draw_kept_in_full, 16, 16
        at BAR_ROW + 1, 2
        call begin_lines
        lda kept_count
        beq done
        set ink, INK_PAPER
        lda kept_cursor
        call find_kept_text
        ldy #ENTRY_BYTES
next:   lda f:save_entries, x
        and #$FF
        beq done
        phy
        phx
        call show_character
        plx
        ply
        inx
        dey
        bne next
done:   rts
endproc
        .endif

; A line of the list, or an empty one.
; in: column = the name's number    kills: A, X, Y
proc draw_kept_line, 16, 16
        lda column
        and #KEPT_ROWS - 1
        .repeat ::ROW_SHIFT
        asl a
        .endrepeat
        adc #FIRST_ROW * ROW_BYTES + 2 * 2
        sta cursor
        lda column
        and #KEPT_ROWS * (NAME_COLUMNS - 1)
        beq :+
        lda cursor
        clc
        adc #2 * COLUMN
        sta cursor
:       set ink, INK_PAPER | NAME_SIZE
        ldy #NAME_TILES
        lda column
        cmp kept_count
        bcs blank
        cmp kept_cursor
        bne :+
        set ink, INK_GOLD | NAME_SIZE
        call point_at_line
:       lda column
        call put_kept
        bra pad
blank:  lda #' '
        call put_character
        dey
pad:    cpy #0
        bne blank
        rts
endproc

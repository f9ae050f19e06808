; The list of names: in `history`, and on the screen, a line each or several with whole words.


        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "names.inc"

        .segment "CODE"

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

{% if target.apart %}
; The document of another name, if there is one on this page, begins while the last one is put away. A running text
; waits for what it is given.
; kills: A
proc begin_following, 16, 16
        .if ::STREAM = 0
        lda names_made
        inc a
        cmp #NAMES
        bcs done
        call note_name
        tail_call begin_token
        .endif
done:   rts
endproc

; in: random_x, random_y    out: names_random, a new document    kills: A
proc note_name, 16, 16
        lda random_x
        sta names_random
        lda random_y
        sta names_random + 2
        tail_call begin_document
endproc

{% endif %}
; A document, and an empty entry for it, marked on its line.
; kills: A, X, Y
proc begin_name, 16, 16
{% if target.apart %}
        lda token_begun
        bne :+                  ; the SA-1 is at it
        call note_name
:
{% else %}
        call begin_document
        lda random_x
        sta names_random
        lda random_y
        sta names_random + 2
{% endif %}
        lda names_made
        call find_entry
        lda #0
        .repeat ::ENTRY_BYTES / 2, I
        sta f:history + 2 * I, x
        .endrepeat
        call mark_name
        .if ::NAME_LINES > 1
        stz entry_length
        tail_call begin_lines
        .else
        rts
        .endif
endproc

; The cursor at the line of the name that is being made, behind the marker.
; kills: A, X, Y
proc mark_name, 16, 16
        lda names_made
        call name_place
        set ink, INK_GOLD | NAME_SIZE
        lda #MARKER
        tail_call put_character
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
        ldy #ENTRY_BYTES
        tail_call put_entry
done:   rts
endproc

        .if ::NAME_LINES > 1
; The text of the token that was chosen: on its lines, in `history`, and as a note.
; kills: A, X, Y
proc show_letter, 16, 16
        lda made_position
        cmp given_tokens
        bcc done                ; shown at the end of the window before
        lda made_token
        cmp #TOKEN_BOS
        beq done
        .if ::PIECES
        call text_of_chosen
        .else
        asl a
        tax
        lda f:token_offsets, x
        .endif
next:   sta token_text
        tax
        lda f:token_texts, x
        and #$FF
        beq played
        pha
        call store_character
        pla
        call show_character
        lda token_text
        inc a
        bra next
played: tail_call play_letter
done:   rts
endproc

; A character behind those of the entry, if it has room.
; in: A    kills: A, X
proc store_character, 16, 16
        ldx entry_length
        cpx #ENTRY_BYTES
        bcs done
        inc entry_length
        pha
        txa
        clc
        adc entry_offset
        tax
        pla
        a8
        sta f:history, x
        a16
done:   rts
endproc

; A character on the name's lines, words unbroken; an ellipsis follows the last line, once.
; in: A    kills: A, X, Y
proc show_character, 16, 16
        ldx lines_full
        bne done
        call put_text_character
        bcc done
        inc lines_full
        lda text_last
        clc
        adc #2 * NAME_TILES
        sta cursor
        tail_call put_ellipsis
done:   rts
endproc

; A window for a name's lines at the cursor.
; kills: A, X, Y
proc begin_lines, 16, 16
        lda cursor
        sta text_first
        clc
        adc #(NAME_LINES - 1) * ROW_BYTES
        sta text_last
        set text_width, NAME_TILES
        set text_pitch, ROW_BYTES
        stz lines_full
        tail_call begin_text
endproc

; An entry of `history` on its lines, in the ink set.
; in: X = the entry, Y = characters at most    kills: A, X, Y
proc put_entry, 16, 16
        phy
        phx
        call begin_lines
        plx
        ply
next:   dey
        bmi done
        lda f:history, x
        and #$FF
        beq done
        phy
        phx
        call show_character
        plx
        ply
        inx
        bra next
done:   rts
endproc
        .else
; The letter that was chosen: on its line, in `history`, and as a note.
; kills: A, X, Y
proc show_letter, 16, 16
        lda made_token
        cmp #TOKEN_BOS
        beq done
        tax
        lda .loword(symbol_characters), x
        and #$FF
        ldy made_position
        cpy #ENTRY_BYTES
        bcs :+
        pha
        lda entry_offset
        clc
        adc made_position
        tax
        pla
        a8
        sta f:history, x
        a16
:       cpy #NAME_TILES
        bcs long
        call put_character
        tail_call play_letter
long:   call put_ellipsis
        tail_call play_letter
done:   rts
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
        .endif

; A name is too long for its line: the last tile says so.
; kills: A, X
proc put_ellipsis, 16, 16
        dec cursor
        dec cursor
        lda #ELLIPSIS
        tail_call put_character
endproc

; The name is complete: gold turns to paper, the marker goes.
; kills: A, X, Y
proc settle_name, 16, 16
        lda names_made
        call name_place
        lda #' '
        call put_character
        inc names_made
        lda #NAME_HEIGHT
        sta rows
line:   ldx cursor
        ldy #NAME_TILES
:       lda f:screen, x
        and #.loword(~INK_GREY)
        sta f:screen, x
        inx
        inx
        dey
        bne :-
        dex
        dex
        call touch
        lda cursor
        clc
        adc #ROW_BYTES
        sta cursor
        dec rows
        bne line
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
        .if ::NAME_LINES > 1
        sta mul_a
        set mul_b, NAME_LINES
        call mul_u16
        lda product
        .else
        asl a                   ; two rows a name
        .endif
        clc
        adc cursor
        sta cursor
        rts
endproc

; Empty lines.
; kills: A, X, Y
proc clear_list, 16, 16
        ldx #FIRST_ROW * ROW_BYTES
        ldy #LIST_ROWS * 32
        tail_call clear_tiles
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
        inc cursor
        inc cursor
        set ink, INK_PAPER | NAME_SIZE
        lda column
        cmp names_cursor
        bne text
        set ink, INK_GOLD | NAME_SIZE
        call point_at_line
text:   lda column
        call find_entry
        ldy #ENTRY_BYTES
        tail_call put_entry
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
        tail_call put_decimal
label:  .asciiz "page "
endproc

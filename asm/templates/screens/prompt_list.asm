; The completions of what is typed: on their lines, and in their entries, for keeping.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "prompt.inc"

        .segment "CODE"

ELLIPSIS    = $1F

; X = the offset of a completion from `history`.
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

; Empty lines, and the first of them begun.
; kills: A, X, Y
proc begin_list, 16, 16
        stz completions_made
        ldx #COMPLETIONS_ROW * ROW_BYTES
        ldy #COMPLETIONS * 32
        call clear_tiles
        call start_speed
        call begin_line
        tail_call draw_choices
endproc

; The typed text, on the next line and in its entry.
; kills: A, X, Y
proc begin_line, 16, 16
        lda completions_made
        call find_completion
        lda #0
        .repeat ::ENTRY_BYTES / 2, I
        sta f:history + 2 * I, x
        .endrepeat
        stz completion_length
        .if ::NAME_LINES > 1
        call shows_newest
        bcc :+
        call begin_in_full
:
        .endif
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
        tail_call play_letter
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
        .if ::NAME_LINES > 1
        cpy #ENTRY_BYTES
        bcs :++                 ; what the entry has no room for: it would be gone when the pane is drawn anew
        pha
        phy
        call shows_newest
        bcc :+
        lda 3, s
        call show_character
:       ply
        pla
:
        .endif
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
        tail_call put_character
endproc

; The pointer at the completion that is chosen, if it is not at a letter; and one of them in full.
; kills: A, X, Y
proc draw_choices, 16, 16
        lda prompt_choice
        beq :+
        dec a
        .repeat 6
        asl a
        .endrepeat
        clc
        adc #COMPLETIONS_ROW * ROW_BYTES + 2 * TEXT_COLUMN
        sta cursor
        stz ink
        call point_at_line
:
        .if ::NAME_LINES > 1
        tail_call draw_in_full
        .else
        rts
        .endif
endproc

        .if ::NAME_LINES > 1
; Is the completion that is shown in full the newest: because none is chosen, or one that is not made yet?
; out: carry    kills: A
proc shows_newest, 16, 16
        lda prompt_choice
        beq :+
        dec a
        cmp completions_made
        rts
:       sec
        rts
endproc

; A window for a completion in full.
; kills: A, X, Y, cursor
proc begin_in_full, 16, 16
        at FULL_BAR + 1, TEXT_COLUMN
        tail_call begin_lines
endproc

; The completion that is chosen, or else the newest: all of it, with whole words. What was typed is gold.
; kills: A, X, Y, cursor, ink
proc draw_in_full, 16, 16
        call begin_in_full
        call shows_newest
        bcc one
        lda completions_made
        cmp #COMPLETIONS
        bcc one
        lda #COMPLETIONS - 1    ; all are made: the last one
one:    .repeat ::ENTRY_SHIFT
        asl a
        .endrepeat
        clc
        adc #.loword(completions - history)
        tax
        ldy #0
next:   lda f:history, x
        and #$FF
        beq done
        stz ink
        .assert INK_PAPER = 0, error, "stz makes paper"
        cpy prompt_typed
        bcs :+
        pha
        set ink, INK_GOLD
        pla
:       phy
        phx
        call show_character
        plx
        ply
        inx
        iny
        cpy #ENTRY_BYTES
        bne next
done:   rts
endproc
        .endif

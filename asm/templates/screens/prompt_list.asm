; The ten completions of what is typed: on their lines, and in their entries, for keeping.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "prompt.inc"

        .segment "CODE"

MARKER      = '>'
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

; Ten empty lines, and the first of them begun.
; kills: A, X, Y
proc begin_list, 16, 16
        stz completions_made
        ldx #COMPLETIONS_ROW * ROW_BYTES
        ldy #COMPLETIONS * 32
        call clear_tiles
        call draw_choice
        call start_speed
        tail_call begin_line
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

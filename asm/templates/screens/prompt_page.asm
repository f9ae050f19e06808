; The screen where a person types how a name begins, and the model completes it in several ways. Symbols to type are
; sky, typed text is gold, the model's text is paper. Every letter typed begins all of them again, at once.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "prompt.inc"

        .segment "CODE"

BLOCK       = $7F

        .export prompt_windows
prompt_windows:
        windows_of INSIDE
        window 0, 0, 4, 32
        window 3, 0, 21, 32
        window 3, 0, 1, 32
        window BAR_ROW, 0, 1, 32
        .if ::NAME_LINES > 1
        window FULL_BAR, 0, 1, 32
        .endif
        windows_end

; Complete what is typed for ever; after the last of the list, wait.
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

; The completions of what is typed, from the seed on.
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
        tail_call begin_list
endproc

; Where the prompt ends and the first free letter comes: the keys and values so far serve all completions.
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
{% if memory %}
        .repeat ::N_EARLIER, I
        lda earlier + 2 * I
        sta prompt_earlier + 2 * I
        .endrepeat
{% endif %}
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
{% if memory %}
        .repeat ::N_EARLIER, I
        lda prompt_earlier + 2 * I
        sta earlier + 2 * I
        .endrepeat
{% endif %}
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
type:   tail_call type_letter
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
        lda prompt_cursor
        asl a
        tax
        lda f:token_offsets + 2, x
        clc                     ; less the zero behind it
        sbc f:token_offsets, x
        clc
        adc prompt_typed
        cmp #MAX_TYPED + 1
        bcs full
        lda prompt_length
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
        tail_call find_completion
done:   rts
endproc

; The typed text, and a block where the next letter goes; every tile is written once, so that nothing flickers.
; out: prompt_typed    kills: A, X, Y, cursor, token_text
proc draw_typed, 16, 16
        at PROMPT_ROW, TEXT_COLUMN
        set ink, INK_GOLD | TALL
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
end:    lda cursor
        sec
        sbc #PROMPT_ROW * ROW_BYTES + 2 * TEXT_COLUMN
        lsr a
        sta prompt_typed
        cmp #MAX_TYPED
        lda #BLOCK
        bcs :+
        cpy #PROMPT_MAX
        bcc :++
:       lda #' '
:       call put_in_line
blank:  lda #' '                ; what was deleted
        call put_in_line
        bcc blank
        rts
endproc

; A token that is typed.
; in: A    kills: A, X, cursor, token_text
proc put_typed, 16, 16
        asl a
        tax
        lda f:token_offsets, x
next:   sta token_text
        tax
        lda f:token_texts, x
        and #$FF
        beq done
        call put_character
        lda token_text
        inc a
        bra next
done:   rts
endproc

; A character at the cursor, while the line of what is typed has room.
; in: A    out: carry = it has none    kills: A, X, cursor
proc put_in_line, 16, 16
        ldx cursor
        cpx #PROMPT_ROW * ROW_BYTES + 2 * (TEXT_COLUMN + LINE_TILES)
        bcs done
        call put_character
        clc
done:   rts
endproc

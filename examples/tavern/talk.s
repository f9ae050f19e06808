; A talk: the window opens, the opening phrase and then the model's letters appear in it, A closes it, B ends it.

        .include "game.inc"

        .import draw_window, move_window, begin_lines, put_letter, draw_pulse, clear_pulse, blink_arrow
        .import choose_side, choose_opening, title_of, random

LETTER_FRAMES  = 2              ; a letter is shown every so many frames, if it is there
MANY_LETTERS   = 12             ; as many waiting are shown faster
LETTERS_LIMIT  = 120            ; a text that does not end is ended
HINT_FRAMES    = 420

        .segment "CODE"

; A frame.
routine talk
        ldx talk_state
        jmp (.loword(states), x)
states: .addr .loword(listen), .loword(open), .loword(speak), .loword(wait), .loword(close)
endroutine

; Nobody talks: A begins, if the player faces somebody.
routine listen
        ldx faced
        bmi done
        lda pad_pressed
        and #PAD_A
        beq done
        stx speaker
        lda title_of, x
        sta window_title
        jsr begin_talk
        jsr choose_opening
        sta talk_opening
        jsr random
        sta talk_seed
        jsr add_opening
        lda #1
        sta model_starts
        sta talk_wanted
done:   rts
endroutine

; At start-up: the same window says what the buttons do.
routine hint
        lda #NOBODY
        sta speaker
        lda #.loword(hint_title)
        sta window_title
        jsr begin_talk
        lda #.loword(hint_text)
        sta talk_opening
        lda #HINT_FRAMES
        sta hint_left
        inc model_done          ; the model has no part in it
        jmp add_opening
hint_title: .asciiz "The Talking Tavern"
hint_text:  .asciiz "walk up to somebody and press A to talk. B ends it."
endroutine

; in: window_title, speaker    kills: A
routine begin_talk
        stz talk_step
        stz letters_made
        stz letters_shown
        stz letter_wait
        stz model_asked
        stz model_done
        stz hint_left
        jsr choose_side
        lda #TALK_OPENING
        sta talk_state
        lda #SOUND_OPEN
        sta sound_wanted
        ldx speaker
        rts
endroutine

; The opening phrase, which the speaker says first.
routine add_opening
        lda talk_opening
        sta token_text
        lda #PROGRAM_BANK
        sta token_text + 2
        jmp add_letters
endroutine

; The letters of a zero-ended text to those that are to be shown; the first one of all becomes a capital.
; in: token_text    kills: A, X, Y
routine add_letters
        ldy #0
        ldx letters_made
next:   cpx #LETTERS_LIMIT
        bcs full
        lda [token_text], y
        and #$FF
        beq done
        cpx #0
        bne :+
        cmp #'a'
        bcc :+
        cmp #'z' + 1
        bcs :+
        sbc #'a' - 'A' - 1      ; carry is clear
:       a8
        sta letters, x
        a16
        inx
        iny
        bra next
full:   jsl gpt_stop
        lda #1
        sta model_done
done:   stx letters_made
        rts
endroutine

; The window is drawn in parts, then it moves in.
routine open
        jsr draw_window
        bcc done
        jsr begin_lines
        inc window_changed
        inc window_wanted
        lda #TALK_SPEAKS
        sta talk_state
done:   rts
endroutine

; Letters come and are shown.
routine speak
        jsr move_window
        lda pad_pressed
        and #PAD_B
        beq :+
        jmp stop_talk
:       jsr take_token
        inc window_changed
        jsr clear_pulse
        jsr show_letter
        lda letters_shown
        cmp letters_made
        bcc done                ; there are more
        lda model_done
        beq pulse
        lda #TALK_DONE
        sta talk_state
        rts
pulse:  jsr draw_pulse
done:   rts
endroutine

; What the model has made, if it has; and the next one is asked for.
routine take_token
        lda model_asked
        beq done
        lda model_done
        bne done
        jsl gpt_look
        bcs done
        cmp #GPT_END
        beq over
        jsl gpt_text
        stx token_text
        sta token_text + 2
        jsr add_letters
        lda model_done
        bne done
        jsl gpt_ask
        bcc done
over:   lda #1
        sta model_done
done:   rts
endroutine

; The next letter, if it is time.
routine show_letter
        lda letter_wait
        beq :+
        dec letter_wait
        lda letters_made
        sec
        sbc letters_shown
        cmp #MANY_LETTERS
        bcc done
:       ldx letters_shown
        cpx letters_made
        bcs done
        inc letters_shown
        lda #LETTER_FRAMES - 1
        sta letter_wait
        lda letters, x
        and #$FF
        cmp #' '
        beq :+
        ldx #SOUND_BLIP
        stx sound_wanted
:       jmp put_letter
done:   rts
endroutine

; All is said: A or B closes. The hint goes by itself, too.
routine wait
        jsr move_window
        jsr blink_arrow
        lda hint_left
        beq :+
        dec hint_left
        beq stop_talk
:       lda pad_pressed
        and #PAD_A | PAD_B
        bne stop_talk
        rts
endroutine

; The talk ends, whatever the model is at.
routine stop_talk
        stz window_wanted
        lda talk_wanted
        beq :+
        stz talk_wanted         ; the main loop has not even begun
        stz model_starts
:       lda #SOUND_CLOSE
        sta sound_wanted
        lda #TALK_CLOSING
        sta talk_state
        rts
endroutine

; The window moves out. A text that the main loop has begun in this moment is stopped when it can be.
routine close
        lda model_done
        bne :+
        jsl gpt_stop
:       jsr move_window
        bcc done
        lda model_starts
        bne done
        lda #NOBODY
        sta speaker
        stz talk_state
done:   rts
endroutine

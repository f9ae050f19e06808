; The screen where a person types how a story begins, and the model goes on telling it: until it ends, a press stops it,
; or for ever. Typed text is gold, the model's text is paper.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "story.inc"

        .segment "CODE"

        .export story_windows
story_windows:
        windows_of PAGE_INSIDE
        window 0, 0, 28, 32
        windows_end

; Type, tell, rest. A full window's second half is given to the next one, and the story goes on. A demonstration
; types nothing.
proc story_page, 16, 16
        lda demo_left
        bne tell
type:   call begin_typing
:       call wait_pad
        call typing_pad
        bcc :-
tell:   call begin_story
next:   lda frames
        sta token_began
        call try_token
        bcs pressed
        call show_told
        call advance
        bcc next
        .if ::STREAM
        lda next_token
        cmp #TOKEN_BOS
        beq told
        call continue_text
        call begin_document
        bra next
        .endif
told:   ldx #.loword(the_end)
        bra rest
pressed:
        call take_pad
        bit #PAD_B | PAD_START
        beq next
        ldx #.loword(stopped)
rest:   call rest_story
:       call wait_pad
        bit #PAD_B
        bne type
        bit #PAD_A | PAD_START
        beq :-
        inc seed
        bra tell
the_end: .asciiz "the end"
stopped: .asciiz "stopped"
endproc

; Another page, empty but for title and settings.
; kills: A, X, Y
proc clear_page, 16, 16
        call hide_pointer
        call turn_page
        ldx #STORY_FIRST * ROW_BYTES
        ldy #(HINTS_ROW - STORY_FIRST) * 32
        call clear_tiles
        tail_call draw_settings
endproc

; The typed text, and the keys.
; kills: A, X, Y
proc begin_typing, 16, 16
        call clear_page
        call draw_story_text
        call draw_keys
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        tail_call draw_hints
hints:  .asciiz "A type  B delete  X space"
hints_below: .asciiz "START tell  L R T  SELECT next"
endproc

; An empty window, in it what was typed; the model is given that as tokens.
; kills: A, X, Y
proc begin_story, 16, 16
        call clear_page
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        call draw_hints
        set text_first, STORY_FIRST * ROW_BYTES + 2 * STORY_COLUMN
        set text_last, STORY_LAST * ROW_BYTES + 2 * STORY_COLUMN
        set text_width, STORY_TILES
        set text_pitch, 2 * ROW_BYTES
        call begin_text
        set ink, INK_GOLD | TALL
        ldx #0
next:   cpx story_length
        beq typed
        phx
        lda story_text, x
        and #$FF
        call put_text_character
        plx
        inx
        bra next
typed:  set thinking_at, STATUS_ROW * ROW_BYTES + 2
        lda seed
        call seed_random
        call set_temperature
        call tokenise
        tail_call begin_document
hints:  .asciiz "B START stop   Y sound"
hints_below: .asciiz "SELECT next"
endproc

; The token that was chosen: its text, unless it was given; a note; what it took.
; kills: A, X, Y
proc show_told, 16, 16
        lda frames
        sec
        sbc token_began
        sta token_frames
        lda position
        cmp given_tokens
        bcc shown
        lda next_token
        cmp #TOKEN_BOS
        beq shown
        set ink, INK_PAPER | TALL
        call text_of_chosen
        call put_text
        bcc :+++
        lda frames
:       cmp frames              ; what was written last is still shown on its page
        beq :-
:       call next_page
        bcs :-
:       call play_letter
shown:  lda text_cursor
        sta cursor
        call point_with_quill
        tail_call draw_progress
endproc

; A story that has ended or was stopped: it stays on the screen, with the reason.
; in: X = the reason's text, in bank $80    kills: A, X, Y
proc rest_story, 16, 16
        stz thinking_at
        call hide_pointer
        phx
        call begin_status
        plx
        call put_string
        call draw_token_time
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        tail_call draw_hints
hints:  .asciiz "START another story  B type"
hints_below: .asciiz "SELECT next"
endproc

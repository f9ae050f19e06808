; The screens, one after the other by Select, and what all of them share: the pad, the settings, the speed.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "cartridge.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

DEMO_PAUSE   = 90               ; frames until a demonstration goes on where a person would press A
SPEED_FRAMES = 16               ; between two drawings of the speed
SPEED_SPAN  = $1000             ; frames after which half of what was measured is forgotten

; Show the screen `page`: empty but for its windows, its title on top. It never comes back: each screen ends here
; again by Select.
proc open_page, 16, 16
        ldx #STACK_TOP
        txs
        call darken
        stz pointer_shape
        stz given_tokens
        stz log_enabled
        .if ::PIECES
        stz thinking_at
        call drop_page
        .endif
        ldx page
        lda .loword(windows), x
        tax
        call draw_windows
        call choose_look
        lda page
        cmp #TITLE_PAGE
        beq title
        call show_windows
        at TITLE_ROW, 1
        say INK_SKY, product
        at TITLE_ROW, 11
        set ink, INK_PAPER
        ldx page
        lda .loword(titles), x
        tax
        call put_string
        bra shown
title:  call show_title
shown:  call lighten
        ldx page
        jmp (.loword(pages), x)
product: .asciiz "SNES-GPT"
        .if ::PIECES
prompt_or_story = story_page
prompt_or_story_windows = story_windows
        .else
prompt_or_story = prompt_page
prompt_or_story_windows = prompt_windows
        .endif
pages:  .addr .loword(names_page), .loword(prompt_or_story), .loword(xray_page), .loword(kept_page), .loword(about_page)
        .addr .loword(title_page)
windows: .addr .loword(names_windows), .loword(prompt_or_story_windows), .loword(xray_windows), .loword(kept_windows)
        .addr .loword(about_windows), .loword(title_windows)
titles: .addr .loword(names_title), .loword(prompt_title), .loword(xray_title), .loword(kept_title), .loword(about_title)
names_title:  .asciiz "NAMES"
        .if ::PIECES
prompt_title: .asciiz "STORY"
        .else
prompt_title: .asciiz "PROMPT"
        .endif
xray_title:   .asciiz "X-RAY"
kept_title:   .asciiz "KEPT"
about_title:  .asciiz "ABOUT"
        .assert windows - pages = TITLE_PAGE + 2, error, "SCREENS is another number"
endproc

; The first of the colours of each page: those of the themes are one behind the other.
        .export looks
        .if ::PIECES
looks:  .word 0, THEMES, 0, 0, 0, 2 * THEMES
        .else
looks:  .word 0, 0, 0, 0, 0, THEMES
        .endif

; Buttons pressed since the last look, except those that act alike on all screens: Select, next screen; and, but on
; the title, Y, sound; both shoulders, colours. A host's command takes the machine over.
; out: A, zero flag    kills: X
proc take_pad, 16, 16
        lda host_command
        beq :+
        tail_call host_loop
:       lda pad_pressed
        trb pad_pressed         ; only what was seen: a press between the two is kept
        bit #PAD_HOME
        bne home
        bit #PAD_SELECT
        bne next_page
        ldx page
        cpx #TITLE_PAGE         ; which shows neither
        beq done
        bit #PAD_THEME
        beq :+
        pha
        phy
        call next_theme
        ply
        pla
:       bit #PAD_Y
        beq done
        pha
        lda muted
        eor #1
        sta muted
        call save_settings
        pla
done:   and #.loword(~(PAD_Y | PAD_THEME))
        rts
home:   lda demo_seed
        sta seed
        lda #TITLE_PAGE
        bra :+
next_page:
        lda page
        inc a
        inc a
        cmp #TITLE_PAGE
        bcc :+
        lda #0
:       sta page
        tail_call open_page
endproc

; Wait for a press. A demonstration goes on by itself after a while.
; out: A    kills: X
proc wait_pad, 16, 16
        lda frames
        sta waiting_since
:       call take_pad
        bne done
        lda demo_left
        beq :-
        lda frames
        sec
        sbc waiting_since
        cmp #DEMO_PAUSE
        bcc :-
        lda #PAD_A
done:   rts
endproc

; Change temperature and seed by the cross.
; in: A = pressed    out: carry = something changed    kills: A
proc change_settings, 16, 16
        bit #PAD_UP
        bne seed_up
        bit #PAD_DOWN
        bne seed_down
        bit #PAD_RIGHT
        bne warmer
        bit #PAD_LEFT
        bne cooler
same:   clc
        rts
seed_up:
        inc seed
        bra changed
seed_down:
        dec seed
        bra changed
warmer: lda temperature
        cmp #TEMPERATURE_MAX
        bcs same
        inc temperature
        bra changed
cooler: lda temperature
        beq same
        dec temperature
changed:
        sec
        rts
endproc

; Temperature and seed, at the left of row 2.
; kills: A, X, Y, field, number, cursor, ink
proc draw_settings, 16, 16
        at 2, 1
        say INK_GREY, temperature_label
        set ink, INK_PAPER
        lda temperature
        call put_tenths
        say INK_GREY, seed_label
        set ink, INK_PAPER
        lda seed
        ldy #5
        tail_call put_decimal
temperature_label: .asciiz "T "
seed_label: .asciiz " seed "
endproc

; A as tenths, below 100: a digit, a point and a digit.
; kills: A, X, Y, field, number
proc put_tenths, 16, 16
        ldx #'0'
:       cmp #10
        bcc :+
        sbc #10
        inx
        bra :-
:       pha
        txa
        call put_character
        lda #'.'
        call put_character
        pla
        clc
        adc #'0'
        tail_call put_character
endproc

; The speed is measured from here on.
; kills: A
proc start_speed, 16, 16
        stz speed_tokens
        lda frames
        sta speed_since
        sta speed_drawn
        rts
endproc

; Count a token, and draw the speed four times a second: drawing it costs as much as half a layer.
; kills: A, X, Y
proc count_token, 16, 16
        inc speed_tokens
        lda frames
        sec
        sbc speed_drawn
        cmp #SPEED_FRAMES
        bcs :+
        rts
:       lda frames
        sta speed_drawn
        tail_call draw_speed
endproc

; Tokens a second, in tenths, at the right of row 2. Cursor and ink stay.
; kills: A, X, Y
proc draw_speed, 16, 16
        lda cursor
        pha
        lda ink
        pha
        lda frames
        sec
        sbc speed_since
        cmp #SPEED_SPAN
        bcc :+
        lsr a                   ; forget the older half
        sta divisor
        lsr speed_tokens
        lda frames
        sec
        sbc divisor
        sta speed_since
        lda divisor
:       sta divisor
        lda speed_tokens
        sta mul_a
        set mul_b, RATE_NTSC
        lda STAT78
        and #$10
        beq :+
        set mul_b, RATE_PAL
:       call mul_u16
        lda product
        sta dividend
        lda product + 2
        sta dividend + 2
        lda divisor
        bne :+
        inc divisor             ; the first frame is not over
:       call divide
        at 2, 20
        set ink, INK_PAPER
        lda dividend
        sta WRDIVL
        a8
        lda #10
        sta WRDIVB
        a16
        wait_divide
        lda RDMPYL
        pha
        lda RDDIVL
        ldy #3
        call put_decimal
        lda #'.'
        call put_character
        pla
        clc
        adc #'0'
        call put_character
        say INK_GREY, unit
        pla
        sta ink
        pla
        sta cursor
        rts
unit:   .asciiz " tok/s"
endproc

; Two rows of key hints.
; in: X, Y = strings in bank $80    kills: A, X, Y, cursor, ink
proc draw_hints, 16, 16
        phy
        phx
        ldx #HINTS_ROW * ROW_BYTES
        ldy #2 * 32
        call clear_tiles
        plx
        at HINTS_ROW, 1
        set ink, INK_GREY
        call put_string
        plx
        at HINTS_ROW + 1, 1
        tail_call put_string
endproc

; Empty the status line and put the cursor there, gold.
; kills: A, X, Y
proc begin_status, 16, 16
        ldx #STATUS_ROW * ROW_BYTES
        ldy #32
        call clear_tiles
        at STATUS_ROW, 1
        set ink, INK_GOLD
        rts
endproc

; make_token, unless a button is pressed first or meanwhile: then carry set, nothing has changed, and the next call
; computes the same token from its beginning. So the pad is heard at once, however long a token takes.
; in: as make_token    out: carry; if clear, as make_token    kills: everything
; twin: one round of quantize.sampler.run
proc try_token, 16, 16
        lda pad_pressed
        ora host_command
        bne pressed
compute:
        tsx
        stx token_stack
        inc abandonable
        .if ::COMPUTES
        call gpt_step
        stz abandonable
        call next_of_token
        .else
        call make_token
        stz abandonable
        .endif
        clc
        rts
pressed:
{% if target.apart %}
        lda token_begun
        beq :+
        call stop_sa1
        bcs compute             ; it is all but made: the press waits for it
:
{% endif %}
        sec
        rts
endproc

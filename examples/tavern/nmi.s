; The handler of the vertical blank: the whole game runs in here, once a frame, while the model computes outside.

        .include "game.inc"

        .import show_fire, show_window, move_player, talk, draw_all, send_sound

        .segment "CODE"
        .export vertical_blank

; It may interrupt any code of the library: all registers are kept, and direct page and data bank are its own.
vertical_blank:
        jml PROGRAM + .loword(:+)
:       gpt_handler_begin
        cld
        phk
        plb
        inc frames_run
        bne :+
        inc frames_run + 2
:       lda in_handler
        bne missed
        inc in_handler
        jsr show_frame
        jsr read_pad
        jsr play_frame
        jsr take_time
        stz in_handler
leave:  gpt_handler_end
missed: inc frames_missed
        bra leave

; What must be done while the beam is away: sprites, fire, window.
routine show_frame
        a8
        lda a:RDNMI
        stz OAMADDL
        stz OAMADDH
        dma DMA_BYTE, OAMDATA, oam, 544
        a16
        jsr show_fire
        jmp show_window
endroutine

; The first pad: what is held, and what is newly pressed.
routine read_pad
        a8
:       lda HVBJOY
        lsr a
        bcs :-                  ; the pads are read until the third line of the blank
        a16
        lda JOY1L
        bit #PAD_SIGNATURE
        beq :+
        lda #0                  ; something else is plugged in
:       tax
        eor pad_held
        stx pad_held
        and pad_held
        sta pad_pressed
        rts
endroutine

; A frame of the game.
routine play_frame
        jsr move_player
        jsr talk
        jsr draw_all
        jmp send_sound
endroutine

; How many lines of the picture the handler has taken so far in this frame; the longest is kept.
routine take_time
        a8
        lda STAT78
        lda SLHV
        lda OPVCT
        xba
        lda OPVCT
        and #1
        xba
        a16
        sec
        sbc #FIRST_BLANK_LINE
        bcs :+
        adc #FRAME_LINES
:       cmp longest
        bcc :+
        sta longest
:       rts
endroutine

; A number from 0 to 65535, another one every time.
; out: A
routine random
        lda random_state
        bne :+
        lda #1
:       lsr a
        bcc :+
        eor #$B400              ; a shift register that takes 65,535 steps to come round
:       eor frames_run
        bne :+
        inc a
:       sta random_state
        rts
endroutine

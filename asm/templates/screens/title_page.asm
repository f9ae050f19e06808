; The title: what this is, and what one presses. When nobody does, the cartridge shows what it can, page after page.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "cartridge.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

WHAT_ROW    = 12                ; of the picture's dark places
FACTS_ROW   = 18
PRESS_ROW   = 24
PRESS_COLUMN = 10
PATIENCE    = 10 * 60           ; frames until a demonstration begins
DEMO_FRAMES = 20 * 60           ; that it lasts
BLINK       = 32

        .export title_windows
title_windows:
        windows_of INSIDE
        windows_end

; Wait for Start, or for nobody.
proc title_page, 16, 16
        stz demo_left
        call draw_title
        lda frames
        sta title_since
next:   call draw_press
        call take_pad
        bit #PAD_START | PAD_A
        bne leave
        cmp #0
        beq :+
        ldx frames              ; somebody is there
        stx title_since
:       lda frames
        sec
        sbc title_since
        cmp #PATIENCE
        bcc next
        set demo_left, DEMO_FRAMES
        lda seed
        sta demo_seed           ; stories change it
        ldx demo_page
        lda .loword(demo_pages), x
        sta page
        txa
        eor #2
        sta demo_page
        tail_call open_page
leave:  stz page
        tail_call open_page
demo_pages:
        .if ::PIECES
        .word 2                 ; a story
        .else
        .word 0                 ; names
        .endif
        .word 4                 ; the x-ray screen, which runs by itself
endproc

; What this is, and what of it.
; kills: A, X, Y, cursor, ink
proc draw_title, 16, 16
        at WHAT_ROW, 0
        set ink, INK_PAPER | TALL | IN_FRONT
        ldx #0
        ldy #32
        call put_title_text
        set ink, INK_PAPER | IN_FRONT
        at FACTS_ROW, 0
        ldy #32
        call put_title_text
        at FACTS_ROW + 2, 0
        ldy #32
        tail_call put_title_text
        .assert TITLE_TEXT_BYTES = 3 * 32, error, "the title has three lines"
endproc

; in: X = where it begins in title_text, Y = characters    out: X = its end    kills: A, Y
proc put_title_text, 16, 16
next:   lda f:title_text, x
        and #$FF
        phx
        call put_character
        plx
        inx
        dey
        bne next
        rts
endproc

; What one presses, now bright, now not.
; kills: A, X, Y, cursor, ink
proc draw_press, 16, 16
        ldx #INK_GOLD | TALL | IN_FRONT
        lda frames
        and #BLINK
        beq :+
        ldx #INK_GREY | TALL | IN_FRONT
:       stx ink
        at PRESS_ROW, PRESS_COLUMN
        ldx #.loword(press)
        tail_call put_string
press:  .asciiz "PRESS START"
endproc

; A part of the vertical blank: a demonstration ends with its time, or by any button.
; in: pad_pressed    out: pad_pressed    kills: A
proc watch_demo, 16, 16
        lda demo_left
        beq done
        lda pad_pressed
        ora shoulders
        bne home
        dec demo_left
        bne done
home:   stz demo_left
        stz shoulders
        set pad_pressed, PAD_HOME
done:   rts
endproc

; The about screen: what this cartridge is, what machine it runs on, and the self-test.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "cartridge.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "build_id.inc"

        .segment "CODE"

FIRST_ROW   = 4
BUILD_ROW   = FIRST_ROW + ABOUT_BYTES / 32
MACHINE_ROW = BUILD_ROW + 1

        .export about_windows
about_windows:
        windows_of INSIDE
        window 0, 0, 4, 32
        window 3, 0, 21, 32
        window 3, 0, 1, 32
        window MACHINE_ROW + 1, 0, 1, 32
        windows_end

        .export build_id
build_label: .asciiz "build"
build_id:    .asciiz BUILD_ID   ; `snesgpt report` finds it behind its label

; The facts, then the self-test as often as A asks for it.
proc about_page, 16, 16
        call put_about
        at BUILD_ROW, 1
        say INK_GREY, build_label
        at BUILD_ROW, ABOUT_VALUES
        say INK_PAPER, build_id
        at MACHINE_ROW, 1
        say INK_GREY, machine_label
        at MACHINE_ROW, ABOUT_VALUES
        set ink, INK_PAPER
        ldx #.loword(ntsc)
        lda STAT78
        bit #STAT78_PAL
        beq :+
        ldx #.loword(pal)
:       call put_string
        call draw_self_test
        call draw_about_hints
next:   call wait_pad
        bit #PAD_A | PAD_START
        beq next
        ldx #.loword(running)
        ldy #.loword(nothing)
        call draw_hints
        call self_test
        call set_temperature    ; the weights of the letters are the transcript's now
        call draw_about_hints
        bra next
machine_label: .asciiz "machine"
ntsc:          .asciiz "NTSC, 60 Hz"
pal:           .asciiz "PAL, 50 Hz"
running:       .asciiz "any button stops the test"
nothing:       .asciiz ""
endproc

; The rows made from the model: labels grey, values in paper.
; kills: A, X, Y
proc put_about, 16, 16
        at FIRST_ROW, 0
        ldy #0
next:   ldx #INK_PAPER
        lda cursor
        and #ROW_BYTES - 1
        cmp #2 * ABOUT_VALUES
        bcs :+
        ldx #INK_GREY
:       stx ink
        tyx
        lda f:about_text, x
        and #$FF
        call put_character
        iny
        cpy #ABOUT_BYTES
        bne next
        rts
endproc

; kills: A, X, Y
proc draw_about_hints, 16, 16
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        tail_call draw_hints
hints:  .asciiz "A self-test   Y note"
hints_below: .asciiz "SELECT next"
endproc

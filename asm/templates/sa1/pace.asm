; The SA-1 fills a page of names in a second: a pause after each lets one read. The speed on the screen stays the
; model's, because the pauses are taken off.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

LINES      = 262
FIRST_LINE = 229                ; where `frames` counts on

; The pauses one can choose, in frames, the first at power-on; 0 ends them and is one too.
paces:  .word 8, 24, 0
texts:  .addr .loword(quick), .loword(slow), .loword(none)
quick:  .asciiz "a pause after each name"
slow:   .asciiz "a long pause after each name"
none:   .asciiz "no pause"

; At power-on.
; kills: A
proc first_pace, 16, 16
        stz names_pace
        tail_call take_pace
endproc

; The next pace, and say so on the status line.
; kills: A, X, Y
proc next_pace, 16, 16
        call begin_status
        lda names_pace
        inc a
        inc a
        cmp #texts - paces
        bcc :+
        lda #0
:       sta names_pace
        call take_pace
        ldx names_pace
        lda .loword(texts), x
        tax
        tail_call put_string
endproc

; in: names_pace    out: names_pause    kills: A, X
proc take_pace, 16, 16
        ldx names_pace
        lda .loword(paces), x
        sta names_pause
        rts
endproc

; A pause, if one is chosen; a press ends it. The SA-1 may be making a token meanwhile: only what comes after that is
; taken off the time that the speed is measured in.
; kills: A
proc breathe, 16, 16
        lda names_pause
        beq done
        lda frames
        sta pause_began
made:   call beam_line
        sta pause_line
        lda frames
        sta pause_frame
wait:   lda pad_pressed
        ora host_command
        bne over
        lda frames
        sec
        sbc pause_began
        cmp names_pause
        bcs over
        call doze
        beq wait
        bra made
over:   lda engine_task
        bne done
        lda frames
        sec
        sbc pause_frame
        clc
        adc speed_since         ; it began that much later
        sta speed_since
        call beam_line
        sec
        sbc pause_line
        clc
        adc paused_lines
        bpl :+
        dec speed_since
        clc
        adc #LINES
:       cmp #LINES
        bcc :+
        inc speed_since
        sbc #LINES
:       sta paused_lines
done:   rts
endproc

; A = how many lines the beam is beyond the one where `frames` counts on.
proc beam_line, 16, 16
        a8
        lda STAT78              ; both counters give their low byte first
        lda SLHV
        lda OPVCT
        xba
        lda OPVCT
        and #1
        xba
        a16
        sec
        sbc #FIRST_LINE
        bcs :+
        adc #LINES
:       rts
endproc

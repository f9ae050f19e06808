; The sound processor gets its program and its samples at start-up, and then a byte for every sound.

        .include "game.inc"

        .import driver, driver_end, driver_begin

IPL_READY = $BBAA               ; what its boot program shows when it listens
IPL_BEGIN = $CC
HOME      = $0200
PATIENCE  = 0                   ; 65,536 looks, a fifth of a second: one that does not answer costs the sound only

        .segment "CODE"

; Hand it everything, through its boot program: a byte in port 1, its number in port 0, and the number comes back.
routine sound_start
        ldy #PATIENCE
:       lda APUIO0
        cmp #IPL_READY
        beq ready
        dey
        bne :-
        rts
ready:  ldx #HOME
        stx APUIO2
        a8
        lda #1                  ; bytes follow
        sta APUIO1
        lda #IPL_BEGIN
        jsr tell
        bcs done
        ldx #0
next:   lda f:driver, x
        sta APUIO1
        txa
        jsr tell
        bcs done
        inx
        cpx #.loword(driver_end - driver)
        bne next
        ldx #driver_begin
        stx APUIO2
        stz APUIO1              ; no more bytes: begin
        txa
        lda #.lobyte(driver_end - driver + 1)
        .assert .lobyte(driver_end - driver + 1) <> 0, lderror, "zero is not heard as the end: add a byte"
        jsr tell
        stz sound_turn
done:   a16
        rts
endroutine

; Write a byte to port 0 and wait until it comes back.
; in: A    out: carry = it does not    kills: Y
.proc tell
        .a8
        .i16
        sta APUIO0
        ldy #PATIENCE
:       cmp APUIO0
        beq heard
        dey
        bne :-
        sec
        rts
heard:  clc
        rts
.endproc

; The sound that was wanted in this frame.
routine send_sound
        lda sound_wanted
        beq done
        stz sound_wanted
        pha
        lda sound_turn
        eor #$80
        sta sound_turn
        lda frames_run          ; without a speaker a step, a little different every time
        lsr a
        lsr a
        and #3
        ldx speaker
        bmi :+
        lda voice_of, x
:       a8
        sta APUIO1
        pla
        ora sound_turn
        sta APUIO0
        pla
        a16
done:   rts
endroutine
voice_of:
        .word 2, 0, 6, 9        ; how high everybody speaks

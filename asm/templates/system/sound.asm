; Notes: the sound processor gets its program at start-up, and then a byte for every letter drawn.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

IPL_READY   = $BBAA             ; what the sound processor's boot program shows when it listens
IPL_BEGIN   = $CC
DRIVER_BYTES = driver_end - driver

; Hand the sound processor its program, through its boot program: a byte in port 1, its number in port 0, and the
; number comes back. Every wait is bounded: a sound processor that does not answer costs a moment, and the sound.
; One that runs the program already, after a reset that did not reach it, goes on with it.
; out: note_sent    kills: A, X, Y
proc sound_start, 16, 16
        ldy #0
:       lda APUIO0
        cmp #IPL_READY
        beq ready
        dey
        bne :-                  ; 65536 times: a fifth of a second
        rts
ready:  ldx #driver_home
        stx APUIO2
        a8
        lda #1                  ; bytes follow
        sta APUIO1
        lda #IPL_BEGIN
        call tell_sound
        bcs done
        ldx #0
next:   lda .loword(driver), x
        sta APUIO1
        txa
        call tell_sound
        bcs done
        inx
        cpx #DRIVER_BYTES
        bne next
        ldx #driver_begin
        stx APUIO2
        stz APUIO1              ; no more bytes: begin
        lda #.lobyte(DRIVER_BYTES + 1)
        .assert .lobyte(DRIVER_BYTES + 1) <> 0, lderror, "zero is not heard as the end: add a byte to the driver"
        call tell_sound
        sta note_sent
done:   a16
        rts
endproc

; A byte for port 0, until it comes back.
; in: A    out: carry = it never does    kills: Y
proc tell_sound, 8, 16
        sta APUIO0
        ldy #0
:       cmp APUIO0
        beq heard
        dey
        bne :-
        sec
        rts
heard:  clc
        rts
endproc

; A short note for the letter just drawn, higher the rarer it was: floor(−log₂ p) of its probability, 0 at T = 0.
; The sum of all weights is halved as long as it stays at least the letter's own.
; in: muted, next_token, inverse_t, sample_weights, acc    out: note_sent    kills: A, X, Y, column, count
; twin: quantize.twins.note.note
proc play_letter, 16, 16
        lda muted
        bne done
        ldx #HIGHEST_NOTE       ; X = how far below the highest
        lda inverse_t
        beq play                ; greedy: there are no weights
{% if target.apart %}
        lda made_weight
        sta count
        lda made_sum
        ldy made_sum + 2
{% else %}
        lda next_token
        asl a
        tay
        lda sample_weights, y
        sta count
        lda acc
        ldy acc + 2
{% endif %}
        beq narrow
        sty column
wide:   lsr column
        ror a
        ldy column
        beq compare
        dex                     ; above 16 bits the sum is above any weight
        bne wide
        .assert N_VOCAB < 1 << HIGHEST_NOTE, error, "the sum of all weights needs more halvings than there are notes"
narrow: lsr a
compare:
        cmp count
        bcc play
        dex
        bne narrow
        .assert HIGHEST_NOTE = $0F, error, "a note fills the low four bits"
play:   stx column
        lda note_sent
        and #$80
        eor #$80 + HIGHEST_NOTE ; another top bit; 15 − X = 15 eor X
        eor column
        sta note_sent
        sta APUIO0              ; and the zero above it into APUIO1, where nobody looks
done:   rts
endproc

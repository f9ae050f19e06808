; The sound processor's program: three voices play the tune over and over; three more make sounds when asked to.
; A sound: port 1 says how high, then port 0 changes: its low bits are which, its top bit another every time.

        .include "spc700.inc"
        .include "sound.inc"

        .export driver, driver_end, driver_begin

DRIVER_HOME  = $0200
TICK         = 128              ; 16 ms
MUSIC_VOICES = 3
ECHO_PAGE    = $30              ; the first round may be as long as any echo, 30 KiB: nothing is behind it
ECHO_LENGTH  = 5                ; 80 ms
END          = $FF              ; in a tune

; in page 0
heard     = $00                 ; the byte of the last sound
to_begin  = $01                 ; bits of KON
left      = $02                 ; ticks of each voice's note
at        = $06                 ; where each voice is
note      = $0C

        .segment "BANK3"
        .setcpu "none"

driver:
        .org DRIVER_HOME
driver_begin:
        clrp
        mov_a_d PORT0           ; what the cartridge began this program with
        mov_d_a heard
        mov_x_i 0
:       mov_a_mx registers
        mov_d_a DSPADDR
        mov_a_mx registers + 1
        mov_d_a DSPDATA
        inc_x
        inc_x
        cmp_x_i registers_end - registers
        bne_to :-
        mov_d_i to_begin, 0
        .repeat MUSIC_VOICES, V
        mov_d_i left + V, 1
        mov_d_i at + 2 * V, .lobyte(.ident(.sprintf("voice_%d", V)))
        mov_d_i at + 2 * V + 1, .hibyte(.ident(.sprintf("voice_%d", V)))
        .endrepeat
        mov_d_i TIMER0, TICK
        mov_d_i CONTROL, 1

loop:   mov_a_d PORT0
        cmp_a_d heard
        beq_to no_sound
        cmp_a_d PORT0           ; read while it is written, a port may show neither byte
        bne_to loop
        mov_d_a heard
        call_m effect
no_sound:
        mov_a_d COUNTER0
        beq_to loop
        call_m tick
        bra_to loop

; A moment of the tune.
tick:
        .repeat MUSIC_VOICES, V
        .scope
        dec_d left + V
        bne_to rest
again:  mov_y_i 0
        mov_a_p at + 2 * V
        cmp_a_i END
        bne_to :+
        mov_d_i at + 2 * V, .lobyte(.ident(.sprintf("voice_%d", V)))
        mov_d_i at + 2 * V + 1, .hibyte(.ident(.sprintf("voice_%d", V)))
        bra_to again
:       mov_d_a note
        inc_y
        mov_a_p at + 2 * V
        mov_d_a left + V
        clrc
        adc_d_i at + 2 * V, 2
        adc_d_i at + 2 * V + 1, 0
        mov_a_d note
        beq_to rest             ; 0: a pause, the last note fades
        asl_a
        mov_y_a
        mov_d_i DSPADDR, 16 * V + PITCHL
        mov_a_my pitches + V * PITCH_BYTES
        mov_d_a DSPDATA
        mov_d_i DSPADDR, 16 * V + PITCHH
        mov_a_my pitches + V * PITCH_BYTES + 1
        mov_d_a DSPDATA
        or_d_i to_begin, 1 << V
rest:
        .endscope
        .endrepeat
        mov_d_i DSPADDR, KON
        mov_a_d to_begin
        mov_d_a DSPDATA
        mov_d_i to_begin, 0
        ret

; Sound A: each has a voice, and begins it.
effect: and_a_i $07
        mov_x_a
        mov_a_mx effect_voice
        mov_d_a DSPADDR         ; the voice's PITCHH
        mov_a_mx effect_pitch
        mov_d_a note
        mov_a_d PORT1           ; higher by so many parts of the pitch
        clrc
        adc_a_d note
        mov_d_a DSPDATA
        mov_a_mx effect_bit     ; the next tick begins it: two orders at once, and the first would be lost
        or_a_d to_begin
        mov_d_a to_begin
        ret
; nothing, step, blip, open, close
effect_voice: .byte 16 * 5 + PITCHH, 16 * 3 + PITCHH, 16 * 4 + PITCHH, 16 * 5 + PITCHH, 16 * 5 + PITCHH
effect_pitch: .byte $10, $08, $09, $14, $0C
effect_bit:   .byte 0, 1 << 3, 1 << 4, 1 << 5, 1 << 5

; every register of the synthesiser that does not stay as it is: register, value
.macro voice number, sample, left, right, adsr1, adsr2
        .byte 16 * number + VOLL, left, 16 * number + VOLR, right
        .byte 16 * number + PITCHL, 0, 16 * number + PITCHH, $10
        .byte 16 * number + SRCN, sample, 16 * number + ADSR1, adsr1, 16 * number + ADSR2, adsr2
.endmacro
registers:
        .byte FLG, %11100000    ; silence meanwhile
        .byte KON, 0, KOF, 0, PMON, 0, NON, 0
        voice 0, SAMPLE_LUTE, 66, 54, $FF, $F1
        voice 1, SAMPLE_LUTE, 24, 38, $FF, $F3
        voice 2, SAMPLE_BASS, 54, 54, $FF, $F0
        voice 3, SAMPLE_STEP, 30, 30, $FF, $E0
        voice 4, SAMPLE_BLIP, 20, 20, $FF, $F6
        voice 5, SAMPLE_LUTE, 34, 34, $FF, $F2
        .byte EON, %00000111, EFB, $38, ESA, ECHO_PAGE, EDL, ECHO_LENGTH
        .byte FIR + $00, $58, FIR + $10, $20, FIR + $20, 0, FIR + $30, 0
        .byte FIR + $40, 0, FIR + $50, 0, FIR + $60, 0, FIR + $70, 0
        .byte DIR, .hibyte(directory), MVOLL, 100, MVOLR, 100, EVOLL, 30, EVOLR, 30
        .byte FLG, %00000000    ; sound, and the echo
registers_end:
        .assert registers_end - registers < $100, error, "X counts the registers' bytes"
        .assert * <= directory, error, "the driver reaches into the samples"
        .res directory - *, 0
        .reloc
        .incbin "sound.bin"
driver_end:

; The sound processor's program: a short note whenever the byte in port 0 changes, on eight voices in turn.
; The low four bits are the note; the top bit is another every time, so that equal notes are two.

        .include "contract.inc"
        .include "config.inc"
        .include "spc700.inc"

        .segment "TABLES"
        .export driver, driver_end, driver_home, driver_begin

VOLUME    = 6                   ; of 128: eight voices at their loudest together reach a third of full scale
ATTACK    = 14                  ; 6 ms: without a click, and over before the fastest next letter
DECAY     = 28                  ; to a tenth in 74 ms
ENVELOPE  = $80                 ; ADSR1: its rates count, GAIN does not
SUSTAIN   = 7                   ; the level from which DECAY counts: the top

; in the sound processor's page 0
heard     = $00                 ; the byte of the last note
voice     = $01                 ; 16 · the voice that is next
voice_bit = $02

driver:
        .org $0200
driver_home:
        .assert .lobyte(*) = 0, error, "the directory of samples begins a page"
directory:
        .addr sample, sample    ; it begins, and begins again, here
sample:
{% for line in wave_lines %}
        .byte {{ line }}
{% endfor %}
pitches:
{% for line in pitch_lines %}
        .word {{ line }}
{% endfor %}
; every register of the synthesiser but those it writes itself, in this order: register, value
registers:
        .byte FLG, %11100000    ; silence meanwhile
        .repeat 8, I
        .byte 16 * I + VOLL, VOLUME, 16 * I + VOLR, VOLUME, 16 * I + PITCHL, 0, 16 * I + PITCHH, 0
        .byte 16 * I + SRCN, 0, 16 * I + ADSR1, ENVELOPE | ATTACK, 16 * I + ADSR2, SUSTAIN << 5 | DECAY
        .byte 16 * I + GAIN, 0, 16 * I + FIR, 0
        .endrepeat
        .byte MVOLL, 127, MVOLR, 127, EVOLL, 0, EVOLR, 0, EFB, 0, PMON, 0, NON, 0, EON, 0
        .byte DIR, .hibyte(directory), ESA, 0, EDL, 0, ENDX, 0, KON, 0, KOF, 0
        .byte FLG, %00100000    ; sound, and an echo that writes nothing
registers_end:
        .assert registers_end - registers < $100, error, "X counts the registers' bytes"

driver_begin:
        clrp
        mov a, PORT0            ; what the cartridge began this program with
        mov heard, a
        mov CONTROL, #0
        mov x, #0
:       mov a, registers+x
        mov DSPADDR, a
        mov a, registers+1+x
        mov DSPDATA, a
        inc x
        inc x
        cmp x, #registers_end - registers
        bne :-
        mov voice, #0
        mov voice_bit, #1

wait:   mov a, PORT0
        cmp a, heard
        beq wait
        cmp a, PORT0            ; read while it is written, a port may show neither byte
        bne wait
        mov heard, a
        and a, #$0F
        asl a
        mov x, a
        mov a, voice
        or a, #PITCHL
        mov DSPADDR, a
        mov a, pitches+x
        mov DSPDATA, a
        inc DSPADDR
        mov a, pitches+1+x
        mov DSPDATA, a
        mov DSPADDR, #KON
        mov DSPDATA, voice_bit
        clrc
        adc voice, #16
        and voice, #$70
        asl voice_bit
        adc voice_bit, #0       ; from the last to the first
        bra wait
        .reloc
driver_end:

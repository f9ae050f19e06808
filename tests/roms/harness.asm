; Calls any routine of the cartridge for tests/support/routine_console.py: linked in the place of main.asm.
; A case in bank $7F: A, X, Y, flags, data bank, direct page; an image of low RAM from $0000 and one of bank $7E
; from HIGH_RAM.
; Each is copied to its place, the routine runs, and what it left is copied back.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"

HIGH_RAM   = $2000
CASE_HEAD  = 10
.define CASE_BANK $7F
CASES      = CASE_BANK * $10000

.struct                         ; what the test writes, between the vectors and the stack
        .org $1E00
go          .word               ; 1 = run; zeroed when done
entry       .word               ; enter_near or enter_far: how the routine is called
routine     .dword
cases_left  .word
low_bytes   .word
high_bytes  .word
case        .word               ; offset of the current case
case_a      .word
case_x      .word
case_y      .word
case_flags  .byte
case_bank   .byte
case_page   .word
.endstruct
.export go, entry, routine, cases_left, low_bytes, high_bytes, enter_near, enter_far

        .segment "CODE"

reset:  sei
        clc
        xce
        jml start
start:  rep #$38
        .a16
        .i16
        ldx #STACK_TOP
        txs
        lda #0
        tcd
        phk
        plb
        a8
        lda #$8F
        sta INIDISP             ; forced blank
        stz NMITIMEN
        a16
idle:   stz go
:       lda go
        beq :-
        stz case
next:   call load_case
        a8
        lda case_flags
        pha
        lda case_bank
        pha
        a16
        lda case_page
        tcd
        lda case_a
        ldx case_x
        ldy case_y
        plb
        plp
        jsr .loword(enter)
        php                     ; nothing is known about flags, widths, data bank and direct page here
        phb
        phk
        plb
        rep #$38
        sta a:case_a
        stx a:case_x
        sty a:case_y
        tdc
        sta a:case_page
        lda #0
        tcd
        a8
        pla
        sta case_bank
        pla
        sta case_flags
        a16
        call store_case
        dec cases_left
        bne next
        bra idle
enter:  jmp (entry)
enter_near:
        jmp (routine)           ; in bank $80, ends in rts
enter_far:
        phk
        pea .loword(back) - 1
        jml [routine]           ; in any bank, ends in rtl
back:   rts

; Registers to case_a … case_flags, images to where they belong.
proc load_case, 16, 16
        ldx case
        lda f:CASES, x
        sta case_a
        lda f:CASES + 2, x
        sta case_x
        lda f:CASES + 4, x
        sta case_y
        lda f:CASES + 6, x
        sta case_flags
        lda f:CASES + 8, x
        sta case_page
        txa
        clc
        adc #CASE_HEAD
        tax
        ldy #0
        lda low_bytes
        dec a
        mvn #CASE_BANK, #$7E
        lda high_bytes
        beq done
        ldy #HIGH_RAM
        dec a
        mvn #CASE_BANK, #$7E
done:   phk
        plb
        rts
endproc

; The same back; case moves on.
proc store_case, 16, 16
        ldx case
        lda case_a
        sta f:CASES, x
        lda case_x
        sta f:CASES + 2, x
        lda case_y
        sta f:CASES + 4, x
        lda case_flags
        sta f:CASES + 6, x
        lda case_page
        sta f:CASES + 8, x
        txa
        clc
        adc #CASE_HEAD
        tay
        ldx #0
        lda low_bytes
        dec a
        mvn #$7E, #CASE_BANK
        phk
        plb
        lda high_bytes
        beq done
        ldx #HIGH_RAM
        dec a
        mvn #$7E, #CASE_BANK
done:   phk
        plb
        sty case
        rts
endproc

ignore: rti

        .segment "HEADER"
        .byte "00", "TEST"
        .res 10, 0
        .byte "SNES-GPT ROUTINES    "
        .byte $30, $02, $06, $05, $01, $33, $00 ; with 32 KiB of save RAM
        .word $FFFF, $0000

        .segment "VECTORS"
        .res 4, $FF
        .addr .loword(ignore), .loword(ignore), .loword(ignore), .loword(ignore), $FFFF, .loword(ignore)
        .res 4, $FF
        .addr .loword(ignore), $FFFF, .loword(ignore), .loword(ignore), .loword(reset), .loword(ignore)

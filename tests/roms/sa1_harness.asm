; Calls any routine that the SA-1 runs, for tests/support/routine_console.py. All that the test writes is in BW-RAM,
; where the log would be: see the struct below. Then cases: A, X, Y, flags, data bank, direct page; an image of I-RAM
; from $0000, one of the vectors in the window, one of other BW-RAM in its first bank.
; Each is copied to its place, the routine runs, and what it left is copied back.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"

CASE_HEAD = 10
.define CASE_BANK $41
.define AREA_BANK $40
CONTROL = CASE_BANK * $10000
CASES   = CONTROL + $20
VECTORS = WINDOW + BEFORE_VECTORS .mod BLOCK_BYTES
AREAS   = BWRAM + (VECTOR_BLOCK + 1) * BLOCK_BYTES

.struct
        .org CONTROL
go          .word               ; 1 = run; zeroed when done
entry       .word               ; enter_near or enter_far: how the routine is called
routine     .dword
cases_left  .word
low_bytes   .word               ; of I-RAM
window_bytes .word
area_bytes  .word
harness_ready       .word
.endstruct
HARNESS_READY = $51DE
.struct                         ; below the stack
        .org $0700
left        .word
case        .word               ; offset of the current case
call_entry  .word
call_routine .dword
case_a      .word
case_x      .word
case_y      .word
case_flags  .byte
case_bank   .byte
case_page   .word
.endstruct
.export go, entry, routine, cases_left, low_bytes, window_bytes, area_bytes, harness_ready, HARNESS_READY, enter_near, enter_far

        .segment "CODE"

        .export harness
harness:
        clc
        xce
        rep #$38
        .a16
        .i16
        ldx #$07FF
        txs
        lda #0
        tcd
        phk
        plb
        a8
        lda #$80
        sta CBWE
        lda #$FF
        sta CIWP
        lda #VECTOR_BLOCK
        sta BMAP
        a16
        lda #HARNESS_READY
        sta f:harness_ready
idle:   lda #0
        sta f:go
:       lda f:go
        beq :-
        lda f:cases_left
        sta left
        lda f:entry
        sta call_entry
        lda f:routine
        sta call_routine
        lda f:routine + 2
        sta call_routine + 2
        lda #.loword(CASES)
        sta case
next:   call load_case
        a8
        lda #2
        sta MCNT                ; what the unit did last is no concern of the routine's
        a16
        lda case_a
        sta MA
        sta MB
        a8
        lda case_flags
        pha
        lda case_bank
        pha
        a16
        lda case_page
        tcd
        lda a:case_a
        ldx a:case_x
        ldy a:case_y
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
        dec left
        beq :+
        jmp next
:       jmp idle
enter:  jmp (call_entry)
enter_near:
        jmp (call_routine)      ; in bank 0, ends in rts
enter_far:
        phk
        pea .loword(back) - 1
        jml [call_routine]      ; in any bank, ends in rtl
back:   rts

; Registers to case_a … case_flags, images to where they belong.
proc load_case, 16, 16
        ldx case
        lda f:CONTROL, x
        sta case_a
        lda f:CONTROL + 2, x
        sta case_x
        lda f:CONTROL + 4, x
        sta case_y
        lda f:CONTROL + 6, x
        sta case_flags
        lda f:CONTROL + 8, x
        sta case_page
        txa
        clc
        adc #CASE_HEAD
        tax
        ldy #0
        lda f:low_bytes
        dec a
        mvn #CASE_BANK, #0
        lda f:window_bytes
        beq :+
        ldy #VECTORS
        dec a
        mvn #CASE_BANK, #0
:       ldy #.loword(AREAS)
        lda f:area_bytes
        beq :+
        dec a
        mvn #CASE_BANK, #AREA_BANK
:       phk
        plb
        rts
endproc

; The same back; case moves on.
proc store_case, 16, 16
        ldx case
        lda case_a
        sta f:CONTROL, x
        lda case_x
        sta f:CONTROL + 2, x
        lda case_y
        sta f:CONTROL + 4, x
        lda case_flags
        sta f:CONTROL + 6, x
        lda case_page
        sta f:CONTROL + 8, x
        txa
        clc
        adc #CASE_HEAD
        tay
        ldx #0
        lda f:low_bytes
        dec a
        mvn #0, #CASE_BANK
        lda f:window_bytes
        beq :+
        ldx #VECTORS
        dec a
        mvn #0, #CASE_BANK
:       ldx #.loword(AREAS)
        lda f:area_bytes
        beq :+
        dec a
        mvn #AREA_BANK, #CASE_BANK
:       phk
        plb
        sty case
        rts
endproc

; A game that does what tests/support/library_game.py says: it calls the library, in any state of the registers, while
; line interrupts come at a place of each line and disturb all that a handler may.

        .p816
        .smart -
        .include "gpt.inc"
        .include "options.inc"

CALL = 1                        ; of go
MANY = 2
PLAY = 3                        ; the handler asks and looks, while the main loop lets the library compute
SHOTS = $7E3000                 ; where the code was interrupted: three bytes each
TOKENS = $7E6000
TEXT = $7E2000
MOST_SHOTS = 4000
GAP      = 3                    ; lines from one interrupt to the next
LINES    = 262
DOTS     = 336
INIDISP  = $2100
BG1HOFS  = $210D
VMAIN    = $2115
VMADDL   = $2116
VMDATAL  = $2118
M7X      = $211F
NMITIMEN = $4200
WRMPYA   = $4202
WRDIVL   = $4204
HTIMEL   = $4207
VTIMEL   = $4209
MDMAEN   = $420B
MEMSEL   = $420D
TIMEUP   = $4211
DMAP3    = $4330

.struct
        .org $10
go              .word           ; zeroed when done
entry           .dword
in_a            .word
in_x            .word
in_y            .word
in_p            .word
in_d            .word
in_b            .word           ; twice the same byte
in_s            .word
out_a           .word
out_x           .word
out_y           .word
out_p           .word
out_d           .word
out_b           .word
out_s           .word
wanted          .word           ; tokens
made            .word
shots           .word           ; bytes of SHOTS
interrupts      .word
disturbs        .word           ; 1 = handlers disturb
stop_after      .word           ; interrupts until gpt_stop; 0 = never
line_stack      .word
breaks          .word           ; instructions that are none
playing         .word           ; 1 = the handler has to ask first; 2 = it looks
dot             .word           ; of its line, where an interrupt comes
beam            .word           ; that line
step            .word           ; dots from one to the next, so that every instruction is met
.endstruct

        .segment "CODE"
reset:  sei
        clc
        xce
        rep #$38
        .a16
        .i16
        ldx #$1FFF
        txs
        lda #0
        tcd
        phk
        plb
        sep #$20
        .a8
        lda #1
        sta MEMSEL
        lda #$8F
        sta INIDISP
        stz NMITIMEN
        lda #$80
        sta VMAIN
        .if GPT_SA1 && GPT_FIRST_BANK + GPT_BANKS > 64
        ldx #3                  ; ROM behind 2 MiB
:       txa
        clc
        adc #4
        sta $2220, x
        dex
        bpl :-
        .endif
        rep #$20
        .a16
idle:   sei
        lda #0
        tcd
        pha
        plb
        plb
        ldx #$1FFF
        txs
        sep #$20
        .a8
        stz NMITIMEN
        rep #$20
        .a16
        stz go
:       lda go
        beq :-
        stz made
        stz shots
        stz interrupts
        lda disturbs
        beq quiet
        sep #$20
        .a8
:       lda $4212               ; from the same line on every time
        bpl :-
:       lda $4212
        bmi :-
        ldx dot
        stx HTIMEL
        ldx beam
        stx VTIMEL
        lda TIMEUP
        lda #$30                ; an interrupt at a dot of a line
        sta NMITIMEN
        rep #$20
        .a16
        cli
quiet:  lda go
        cmp #CALL
        bne :+
        jsr one
        jmp idle
:
        cmp #PLAY
        bne many
        lda #1
        sta playing
play:   jsl gpt_work
        lda playing
        bne play
        jmp idle
many:   lda made
        cmp wanted
        bne :+
        jmp idle
:       jsr one
        lda out_p
        lsr a                   ; carry: no more
        bcc :+
        jmp idle
:       lda made
        asl a
        tax
        lda out_a
        sta f:TOKENS, x
        inc made
        bra many

; The call, with the registers as they are wanted, and what they are afterwards.
one:    tsc
        sta line_stack
        lda in_s
        tcs
        ldx in_x
        ldy in_y
        lda in_b
        pha
        plb
        plb
        lda in_d
        tcd
        sep #$20
        .a8
        lda f:in_p
        pha
        rep #$20
        .a16
        lda f:in_a
        plp
        phk
        pea .loword(back - 1)
        jml [entry]
back:   php
        rep #$38
        sta f:out_a
        txa
        sta f:out_x
        tya
        sta f:out_y
        tdc
        sta f:out_d
        lda #0
        tcd
        sep #$20
        .a8
        phb
        pla
        sta out_b
        pla
        sta out_p
        rep #$20
        .a16
        tsc
        sta out_s
        phk
        plb
        lda line_stack
        tcs
        rts

line_interrupt:
        jml $800000 + fast      ; where ROM is fast
fast:   rep #$30
        .a16
        .i16
        pha
        phx
        lda f:shots
        cmp #3 * MOST_SHOTS
        bcs :+
        tax
        lda 6, s                ; below A and X: flags, address, bank
        sta f:SHOTS, x
        lda 7, s
        sta f:SHOTS + 1, x
        txa
        adc #3                  ; carry is clear
        sta f:shots
:       plx
        pla
        gpt_handler_begin
        lda TIMEUP
        lda beam                ; the next one
        clc
        adc #GAP
        cmp #LINES
        bcc :+
        sbc #LINES
:       sta beam
        sta VTIMEL
        lda dot
        clc
        adc step
        cmp #DOTS
        bcc :+
        sbc #DOTS
:       sta dot
        sta HTIMEL
        lda stop_after
        beq :+
        dec stop_after
        bne :+
        jsl gpt_stop
:       inc interrupts
        jsr take_part
        sep #$20
        .a8
        lda #$5A                ; all that a handler may write
        .if !GPT_SA1
        sta BG1HOFS
        sta BG1HOFS
        sta BG1HOFS + 1
        sta BG1HOFS + 1
        sta M7X
        sta M7X
        .endif
        .if !USES_CPU_MULTIPLIER
        sta WRMPYA
        sta WRMPYA + 1
        sta WRDIVL
        sta WRDIVL + 1
        sta WRDIVL + 2
        .endif
        lda #<VMDATAL
        sta DMAP3 + 1
        stz DMAP3
        stz DMAP3 + 6
        lda #4
        sta DMAP3 + 5
        lda #8
        sta MDMAEN
        gpt_handler_end
nothing:
        rti

; A handler that asks for tokens, and takes them.
take_part:
        .a16
        .i16
        lda playing
        beq done
        cmp #1
        beq ask
        jsl gpt_progress
        jsl gpt_look
        bcs done
        pha
        lda made
        asl a
        tax
        pla
        sta f:TOKENS, x
        inc made
        jsl gpt_text
ask:    lda made
        cmp wanted
        beq over
        jsl gpt_ask
        bcs over
        lda #2
        sta playing
done:   rts
over:   stz playing
        rts

; An instruction that is none: wild code.
broken: rep #$20
        pha
        lda f:breaks
        inc a
        sta f:breaks
        pla
        rti

        .segment "HEADER"
        .byte "A GAME FOR THE TESTS "
        .byte $30 - GPT_SA1 * $0D, GPT_SA1 * $34, 12, GPT_SA1 * 7, 1, 0, 0
        .word $FFFF, $0000
        .res 4
        .addr broken, broken, nothing, nothing, 0, line_interrupt
        .res 4
        .addr nothing, 0, nothing, nothing, reset, nothing

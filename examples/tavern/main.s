; Power-on, and the main loop, which does nothing but let the model compute. The game is in the handler: see nmi.s.

        .include "game.inc"

        .import load_room, sound_start, start_player, start_window


        .segment "CODE"
        .export reset, ignore

; Every register and every byte of RAM gets a known value.
reset:
        sei
        clc
        xce
        jml PROGRAM + .loword(start)
start:  rep #$38                ; 16-bit registers, binary arithmetic
        .a16
        .i16
        ldx #STACK_TOP
        txs
        lda #0
        tcd
        phk
        plb
        a8
.if !::GPT_SA1
        lda #1
        sta MEMSEL
.endif
        lda #$8F
        sta INIDISP             ; forced blank
        stz NMITIMEN
        stz HDMAEN
        jsr clear_registers
        jsr clear_memories
        jsr load_room
        a16
        jsr sound_start
        jsr start_player
        jsr start_window
        jsl gpt_start
        a8
        lda #$81
        sta NMITIMEN            ; the handler, and automatic pad reading
        lda #$0F
        sta INIDISP             ; full brightness
        a16

; gpt_work returns when a letter is made or given up, or nothing is asked: then the handler has its turn first.
main_loop:
        jsl gpt_work
        lsr talk_wanted         ; looks and takes in one instruction: the handler cannot come between
        bcs :+
        wai
        bra main_loop
:       jsr begin_text
        bra main_loop

; A new text, its opening phrase given, the first letter asked for.
routine begin_text
        lda talk_seed
        ldx #GPT_TEMPERATURE
        ldy #GPT_TOP_P
        jsl gpt_begin
        ldx talk_opening
        lda #PROGRAM_BANK
        jsl gpt_feed_text
        bcs over
        jsl gpt_ask
        bcs over
        lda #1
        sta model_asked
        bra done
over:   lda #1
        sta model_done
done:   stz model_starts
        rts
endroutine

; An interrupt nobody asked for.
ignore: rti

; PPU and CPU registers are written twice with zero, as some take two bytes; a few hold something else.
.proc clear_registers
        .a8
        .i16
        ldx #.loword(OBSEL)
:       stz a:0, x
        stz a:0, x
        inx
        cpx #.loword(SETINI) + 1
        bne :-
        lda #$E0
        sta COLDATA             ; nothing is added to a colour
        lda #$80
        sta VMAIN               ; the VRAM address advances after the high byte
        lda #$FF
        sta WRIO
        ldx #.loword(WRMPYA)
:       stz a:0, x
        inx
        cpx #.loword(MDMAEN)
        bne :-
        rts
.endproc

; Zero to work RAM, VRAM, CGRAM and OAM. The return address is in that RAM: it is kept and put back.
.proc clear_memories
        .a8
        .i16
        ply
        stz WMADDL
        stz WMADDL + 1
        stz WMADDH
        dma DMA_BYTE_FIXED, WMDATA, zero, $10000
        lda #1                  ; the address has moved on to bank $7F
        sta MDMAEN
        phy
        ldx #0
        stx VMADDL
        dma DMA_WORD_FIXED, VMDATAL, zero, $10000
        stz CGADD
        dma DMA_BYTE_FIXED, CGDATA, zero, 512
        stz OAMADDL
        stz OAMADDH
        dma DMA_BYTE_FIXED, OAMDATA, zero, 544
        rts
zero:   .byte 0, 0
.endproc

; Start-up, vertical blank, cartridge header and vectors.

        .include "contract.inc"
        .include "snes.inc"
{% if target.apart %}
        .include "sa1.inc"
{% endif %}
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

REPEAT_AFTER = 20               ; frames
REPEAT_EVERY = 5
SHOULDERS    = PAD_L | PAD_R
TOGETHER     = 4                ; frames in which the other one may follow
PADS_READ_LINE = 229            ; the picture ends at 225, the automatic reading takes three lines
STRIP_BYTES = SCREEN_BYTES / SCREEN_STRIPS

        .segment "CODE"

; Power-on and reset: every register and every byte of RAM, VRAM, CGRAM and OAM gets a known value.
reset:
        sei
        clc
        xce
        jml start
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
{% if target.fast_rom %}
        lda #1
        sta MEMSEL
{% endif %}
        lda #$8F
        sta INIDISP             ; forced blank
        stz NMITIMEN
        stz HDMAEN
        stz MDMAEN
        call clear_registers
        call clear_memories
{% if target.apart %}
        a16
        call open_cartridge     ; before anything is read from a bank that it maps: Snes9x shows others there until then
        a8
{% endif %}
        call load_display
        a16
        call sound_start
        call load_kept
{% if target.apart %}
        call first_pace
{% endif %}
        set temperature, TEMPERATURE_DEFAULT
        lda #TOP_P_DEFAULT
        call set_top_p
        set seed, 1
        set host_capacity, LOG_CAPACITY
        set host_record_bytes, RECORD_BYTES
{% if target.alone %}
        set host_magic, 'G' + 'P' * 256
        set host_magic + 2, 'T' + '1' * 256
{% endif %}
        set VTIMEL, PADS_READ_LINE
        a8
        lda #$21
        sta NMITIMEN            ; interrupt at a line, automatic pad reading
        a16
        cli
{% if target.apart %}
        call need_sa1
        call start_sa1
        set host_magic, 'G' + 'P' * 256
        set host_magic + 2, 'T' + '1' * 256
{% endif %}
        set page, TITLE_PAGE
        tail_call open_page

; PPU and CPU registers that are written once with zero, and the few that are not.
proc clear_registers, 8, 16
        ldx #.loword(OBSEL)
:       stz a:0, x              ; twice each: several take two bytes
        stz a:0, x
        inx
        cpx #.loword(SETINI) + 1
        bne :-
        lda #$E0
        sta COLDATA             ; fixed colour black
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
endproc

; Zero to work RAM, VRAM, CGRAM and OAM. The stack holds a return address: it is kept and put back.
proc clear_memories, 8, 16
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
endproc

; Four lines into the vertical blank, when the pads have been read and need not be waited for: copy the tile map if it changed, read the pad, count the frame.
; It shares no multiplier, divider or Mode 7 register with the program it interrupts.
vertical_blank:
        jml :+
:       rep #$30
        .a16
        .i16
        pha
        phx
        phb
        phd
        lda #0
        tcd
        phk
        plb
        a8
{% if target.apart %}
        lda SFR
        bpl :+
        lda #$80                ; the SA-1 has done its task: whoever waits for it is awake
        sta SIC
:       lda TIMEUP              ; acknowledged
        a16
        bmi :+
        jmp .loword(no_blank)
:
{% else %}
        lda TIMEUP              ; acknowledged
        a16
{% endif %}
        inc frames
        .if ::PIECES
        call move_page
        lda page_edge
        beq :+
        jmp .loword(copied)     ; while a page turns, the last one is shown
:
        .endif
        .repeat SCREEN_STRIPS, I
        lda strips_dirty + 2 * I
        beq :+
        stz strips_dirty + 2 * I
        ldx #VRAM_MAP + I * STRIP_BYTES / 2
        stx VMADDL
        a8
        dma DMA_WORD, VMDATAL, screen + I * STRIP_BYTES, STRIP_BYTES
        a16
:
        .endrepeat
copied: call show_display
        call read_pad
        call watch_demo
        .if ::PIECES
        call turn_mark
        .endif
        .if ::PROFILE
{% if target.apart %}
        lda frames
        sta frames_seen
{% else %}
        call mark_blank
{% endif %}
        .endif
        lda abandonable
        beq :+
        lda pad_pressed
        bne abandon
:
no_blank:
        pld
        plb
        plx
        pla
        rti

; A button while try_token computes: leave everything where it is and come back from try_token at once, carry set.
; The registers it left are set anew; what is on the stack above it is forgotten.
abandon:
{% if target.apart %}
        call stop_sa1
        bcs no_blank            ; the token is all but done: the press waits for it
{% endif %}
        stz abandonable
        ldx token_stack
        txs
        cli
        sec
        rts

; The first pad: what is held, and what was newly pressed, until the program has seen it. A held direction repeats.
; out: pad_held, pad_pressed    kills: A, X
proc read_pad, 16, 16
        lda shoulders
        beq :+
        dec shoulders_wait
        bne :+
        tsb pad_pressed         ; one of them alone
        stz shoulders
:       lda JOY1L
        bit #PAD_SIGNATURE
        beq :+
        lda #0                  ; something else is plugged in
:       tax
        eor pad_held
        stx pad_held
        and pad_held
        beq same
        tax
        set pad_repeat, REPEAT_AFTER
        txa
        and #.loword(~SHOULDERS)
        tsb pad_pressed
        txa
        and #SHOULDERS
        beq done
        tsb shoulders
        set shoulders_wait, TOGETHER
        lda shoulders
        cmp #SHOULDERS
        bne done
        stz shoulders
        lda #PAD_THEME
        tsb pad_pressed
        rts
same:   txa
        and #PAD_CROSS
        beq done
        dec pad_repeat
        bne done
        tsb pad_pressed
        set pad_repeat, REPEAT_EVERY
done:   rts
endproc

; An interrupt nobody asked for.
ignore: rti

        .segment "HEADER"       ; $FFB0: see the developer manual's "ROM registration data"
        .byte "00"              ; maker
        .byte "SGPT"            ; game
        .res 7, 0
        .byte 0                 ; expansion RAM
        .byte 0                 ; special version
        .byte 0                 ; cartridge subtype
        .byte "{{ title }}"
        .byte ${{ '%02X' % target.map_mode }}               ; LoROM, FastROM
        .byte ${{ '%02X' % target.chipset }}               ; ROM, RAM and a battery
        .byte {{ rom_size_code }}                ; 2^n KiB
        .byte {{ sram_size_code }}                 ; the same of save RAM
        .byte $01               ; North America, NTSC
        .byte $33               ; the maker code above counts
        .byte $00               ; version
        .word $FFFF             ; complement, filled in after linking
        .word $0000             ; checksum

        .segment "VECTORS"
        .res 4, $FF
        .addr .loword(ignore), .loword(ignore), .loword(ignore), .loword(ignore), $FFFF, .loword(vertical_blank)
        .res 4, $FF
        .addr .loword(ignore), $FFFF, .loword(ignore), .loword(ignore), .loword(reset), .loword(ignore)

; The room's tiles, maps and palettes into VRAM, at start-up; later the fire and its light, in the vertical blank.

        .include "game.inc"

        .import back_tiles, back_map, front_tiles, front_map, letter_tiles, fire_tiles, sprite_tiles
        .import text_palettes, room_palettes, sprite_palettes, random

MAP_BYTES      = 32 * 28 * 2
SPRITE_BYTES   = 256 * 32
LETTER_BYTES   = (2 * 95 + 10) * 16
FIRE_BYTES     = FIRE_TILES * 32
ROOM_COLOURS   = 32             ; the number of the room's first colour
PALETTE_BYTES  = 96 * 2         ; six palettes
SPRITE_COLOURS = 128
BACK_BYTES     = 896 * 32
FRONT_BYTES    = 384 * 32
WINDOW_MAP_CELLS = 32 * 64
EMPTY_LINE     = $3FF           ; a scroll of -1: the picture begins one line down

FIRE_FRAMES    = 6              ; how long each picture of the fire is seen
LIGHT_AT       = 2              ; how long before the next picture the light changes

        .segment "CODE"

; vram where, source, bytes
.macro vram where, source, bytes
        ldx #where
        stx VMADDL
        dma DMA_WORD, VMDATAL, source, bytes
.endmacro

; Everything that is seen but the window.  A 8 bits, X 16
        .export load_room
.proc load_room
        .a8
        .i16
        vram VRAM_BACK_TILES, back_tiles, BACK_BYTES
        vram VRAM_FRONT_TILES, front_tiles, FRONT_BYTES
        vram VRAM_LETTERS, letter_tiles, LETTER_BYTES
        vram VRAM_SPRITES, sprite_tiles, SPRITE_BYTES
        vram VRAM_FRONT_MAP, front_map, MAP_BYTES
        vram VRAM_BACK_MAP, back_map, MAP_BYTES
        ldx #VRAM_WINDOW_MAP
        stx VMADDL
        ldx #TILE_CLEAR
        ldy #WINDOW_MAP_CELLS
:       stx VMDATAL
        dey
        bne :-
        stz CGADD
        dma DMA_BYTE, CGDATA, text_palettes, 64
        dma DMA_BYTE, CGDATA, room_palettes, PALETTE_BYTES
        lda #SPRITE_COLOURS
        sta CGADD
        dma DMA_BYTE, CGDATA, sprite_palettes, 192
        lda #$09                ; mode 1, background 3 before everything
        sta BGMODE
        lda #VRAM_SPRITES >> 13
        sta OBSEL               ; sprites of 8×8 and 16×16
        lda #VRAM_FRONT_MAP >> 8
        sta BG1SC
        lda #VRAM_BACK_MAP >> 8
        sta BG2SC
        lda #VRAM_WINDOW_MAP >> 8 | 2
        sta BG3SC
        lda #VRAM_FRONT_BASE >> 12 | VRAM_BACK_TILES >> 8
        sta BG12NBA
        lda #VRAM_LETTERS >> 12
        sta BG34NBA
        lda #.lobyte(EMPTY_LINE)
        sta BG1VOFS
        lda #.hibyte(EMPTY_LINE)
        sta BG1VOFS
        lda #.lobyte(EMPTY_LINE)
        sta BG2VOFS
        lda #.hibyte(EMPTY_LINE)
        sta BG2VOFS
        lda #%00010111          ; three backgrounds and sprites
        sta TM
        rts
.endproc

; In the vertical blank: the next picture of the fire, or another light in the room.
routine show_fire
        dec fire_clock
        bpl light
        lda #FIRE_FRAMES
        sta fire_clock
        lda fire_picture
        inc a
        cmp #FIRE_PICTURES
        bcc :+
        lda #0
:       sta fire_picture
        xba                     ; times 512
        asl a
        .assert FIRE_BYTES = 512, error, "the pictures of the fire have another size"
        adc #.loword(fire_tiles)
        tay
        ldx #VRAM_FRONT_TILES + 16
        stx VMADDL
        a8
        dma_from_y DMA_WORD, VMDATAL, fire_tiles, FIRE_BYTES
        a16
        rts
light:  lda fire_clock
        cmp #LIGHT_AT
        bne done
        jsr random
        and #FLICKERS - 1
        .assert FLICKERS = 4, error, "the lights are not as many as the random number takes"
        asl a                   ; times 192: 128 and 64
        asl a
        asl a
        asl a
        asl a
        asl a
        sta scratch
        asl a
        adc scratch
        adc #.loword(room_palettes)
        tay
        a8
        lda #ROOM_COLOURS
        sta CGADD
        dma_from_y DMA_BYTE, CGDATA, room_palettes, PALETTE_BYTES
        a16
done:   rts
endroutine

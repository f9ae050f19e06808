; What is on the screen beside the text: layers, colours, the gradient behind everything, and how a picture comes.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "cartridge.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

SMALL_BYTES  = 256 * 16
FIRST_TALL   = {{ look.first_tall }}               ; the first character that has a tall letter
TALL_BYTES   = (256 - FIRST_TALL) * 16
FRAME_BYTES  = {{ look.pieces }} * 16
PATTERN_TILE = {{ look.pieces }}               ; behind the pieces that fill windows
PANEL_BYTES  = FRAME_BYTES + 4 * 4 * 16
SPRITE_BYTES = 32 * 32
TITLE_BYTES  = {{ look.title_bytes }}
REST_BYTES   = {{ look.title_rest_bytes }}
FULL         = $0F              ; brightness
DARK         = $80              ; forced blank: all of video memory may be written
GRADIENT_HDMA = $80             ; channel 7
GRADIENT_BYTES = {{ look.gradient_bytes }}             ; of a theme: three for the first line, one of none, the table
PALETTE_BYTES = 256 + 32        ; of a theme: the backgrounds, the sprites
MIXED        = %01101100        ; half the gradient, half the backdrop, the pattern and the panels
TEXT_CUT     = %00000010        ; of the first background, inside the first window
SPRITES      = 128

; tiles place, source, bytes: into video memory, while that may be written. A8.
.macro tiles place, source, bytes
        ldx #place
        stx VMADDL
        dma DMA_WORD, VMDATAL, source, bytes
.endmacro

; At power-on: everything that video memory holds but the maps of text and windows, and the registers that stay.
proc load_display, 8, 16
        tiles VRAM_FONT, font_tiles, SMALL_BYTES
        tiles VRAM_FONT + (TALL + FIRST_TALL) * 8, font_tiles + SMALL_BYTES, TALL_BYTES
        tiles VRAM_FONT + (2 * TALL + FIRST_TALL) * 8, font_tiles + SMALL_BYTES + TALL_BYTES, TALL_BYTES
        tiles VRAM_FRAMES, frame_tiles, FRAME_BYTES
        tiles VRAM_PANELS, panel_tiles, PANEL_BYTES
        tiles VRAM_SPRITES, sprite_tiles, SPRITE_BYTES
        tiles VRAM_TITLE, title_tiles, TITLE_BYTES
        tiles VRAM_TITLE + TITLE_BYTES / 2, title_rest, REST_BYTES
        tiles VRAM_TITLE_MAP, title_map, SCREEN_BYTES
        call spread_pattern
        call hide_sprites
        lda #.lobyte(VRAM_SPRITES >> 13)
        sta OBSEL               ; 8 × 8 and 16 × 16 pixels
        lda #.lobyte(VRAM_WINDOWS >> 8)
        sta BG2SC
        lda #.lobyte(VRAM_PATTERN_MAP >> 8)
        sta BG4SC
        ldx #.loword(BG1VOFS)   ; the picture begins one line down
        lda #$FF
:       sta a:0, x
        sta a:0, x
        inx
        inx
        cpx #.loword(BG4VOFS) + 2
        bne :-
        sta WH1                 ; a page that turns covers what is right of its edge
        lda #TEXT_CUT
        sta W12SEL
        lda #DMA_BYTE           ; of a table: how many lines, and what they begin with
        sta DMAP7
        lda #.lobyte(COLDATA)
        sta BBAD7
        lda #.bankbyte(gradients)
        sta A1B7
        rts
endproc

; The pattern behind the windows, 4 × 4 tiles, all over its map.
proc spread_pattern, 8, 16
        ldx #VRAM_PATTERN_MAP
        stx VMADDL
        a16
        ldx #0
:       txa                     ; row · 32 + column
        lsr a
        lsr a
        lsr a
        and #%1100
        sta count
        txa
        and #%0011
        ora count
        clc
        adc #PATTERN_TILE
        sta VMDATAL
        inx
        cpx #32 * 32
        bne :-
        a8
        rts
endproc

; Every sprite under the picture. The first is 16 × 16, and so are those from the sixth on, for a page's edge.
proc hide_sprites, 8, 16
        stz OAMADDL
        stz OAMADDH
        ldx #SPRITES
        lda #UNDER
:       sta OAMDATA
        sta OAMDATA
        stz OAMDATA
        stz OAMDATA
        dex
        bne :-
        lda #%00000010          ; sprites 0 to 3: the first is large
        sta OAMDATA
        lda #%10101000          ; 4 to 7
        sta OAMDATA
        lda #%10101010
        ldx #SPRITES / 4 - 2
:       sta OAMDATA
        dex
        bne :-
        rts
endproc

; Dark until lighten: forced blank, no gradient.
; kills: A
proc darken, 16, 16
        inc dark
        a8
        lda #DARK
        sta INIDISP
        stz HDMAEN
        a16
        rts
endproc

; What was drawn comes out of the dark, frame by frame, while the program goes on.
; kills: A
proc lighten, 16, 16
        stz fade
        stz dark
        rts
endproc

; The map of windows from `screen`, while it is dark. The vertical blank has the same channel.
; kills: A, X
proc copy_windows, 16, 16
        sei
        a8
        tiles VRAM_WINDOWS, screen, SCREEN_BYTES
        a16
        cli
        rts
endproc

; The layers of a screen: text, frames, panels, pattern, sprites.
; kills: A
proc show_windows, 16, 16
        a8
        stz BGMODE              ; four backgrounds of four colours
        lda #.lobyte(VRAM_MAP >> 8)
        sta BG1SC
        lda #.lobyte(VRAM_WINDOWS >> 8)
        sta BG3SC
        lda #.lobyte(VRAM_FRAMES >> 8)
        sta BG12NBA
        lda #.lobyte(VRAM_PANELS >> 12) * $11
        sta BG34NBA
        lda #%00011111
        sta TM
        lda #MIXED
        sta CGADSUB
        a16
        rts
endproc

; The layers of the title: its picture, and the text in front.
; kills: A
proc show_title, 16, 16
        a8
        lda #%00001001          ; two backgrounds of 16 colours, one of four that can be in front
        sta BGMODE
        lda #.lobyte(VRAM_TITLE_MAP >> 8)
        sta BG1SC
        lda #.lobyte(VRAM_MAP >> 8)
        sta BG3SC
        lda #.lobyte(VRAM_TITLE >> 12)
        sta BG12NBA
        stz BG34NBA
        lda #%00000101
        sta TM
        stz CGADSUB
        a16
        rts
endproc

; The colours of the page that is shown, in the theme chosen: its gradient from the next frame on.
; in: page, theme    out: look    kills: A, X, Y
proc choose_look, 16, 16
        lda theme
        ldx page
        clc
        adc .loword(looks), x
        cpx #TITLE_PAGE
        bne :+
        lda .loword(looks), x
:       sta look
        xba
        .assert GRADIENT_BYTES = 128, error, "half of 256 times the number is the place"
        lsr a
        sta gradient_at
        inc look_changed
        rts
endproc

; The next theme, and the battery keeps it.
; kills: A, X, Y
proc next_theme, 16, 16
        lda theme
        inc a
        cmp #THEMES
        bcc :+
        lda #0
:       sta theme
        call choose_look
        tail_call save_settings
endproc

; A part of the vertical blank: colours that were chosen, the gradient's first line, brightness, the pattern's place.
; kills: A, X
proc show_display, 16, 16
        lda look_changed
        beq :+
        stz look_changed
        call copy_palette
:       lda dark
        bne done
        ldx gradient_at
        txa
        clc
        adc #.loword(gradients) + 4
        sta A1T7L
        a8
        lda f:gradients, x
        sta COLDATA
        lda f:gradients + 1, x
        sta COLDATA
        lda f:gradients + 2, x
        sta COLDATA
        lda #GRADIENT_HDMA
        sta HDMAEN
        lda frames
        lsr a
        lsr a
        sta BG4HOFS
        stz BG4HOFS
        sta BG4VOFS
        stz BG4VOFS
        lda fade
        cmp #LIT
        bcs lit
        sta INIDISP
        inc fade
        eor #FULL               ; coarse tiles become fine ones
        asl a
        asl a
        asl a
        asl a
        ora #FULL
        sta MOSAIC
lit:    a16
        call show_pointer
done:   rts
endproc

; The 128 colours of the backgrounds, and the 16 of the sprites.
; in: look    kills: A, X
proc copy_palette, 16, 16
        lda look
        asl a
        asl a
        asl a
        asl a
        asl a
        tax                     ; 32 bytes
        asl a
        asl a
        asl a                   ; 256
        stx palette_at
        clc
        adc palette_at
        adc #.loword(palettes)
        sta A1T0L
        lda #PALETTE_BYTES
        sta DAS0L
        a8
        lda #DMA_BYTE
        sta DMAP0
        lda #.lobyte(CGDATA)
        sta BBAD0
        lda #.bankbyte(palettes)
        sta A1B0
        stz CGADD
        lda #1
        sta MDMAEN
        a16
        rts
endproc

; The windows behind the text: a page's list of rectangles, drawn into `screen` and copied from there.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

NO_MORE = $FF

; pieces of a row, beyond the one that fills a window: left, between, right
tops:    .byte 1, 2, 3
sides:   .byte 4, 0, 5
bottoms: .byte 6, 7, 8
bars:    .byte 9, 11, 10

; The windows of a list, while the picture is dark; the text's map is empty then.
; in: X = the list, in bank $80    kills: A, X, Y, cursor, count, rows, field, number
proc draw_windows, 16, 16
        txy
        lda #0
        ldx #SCREEN_BYTES - 2
:       sta f:screen, x
        dex
        dex
        bpl :-
        lda a:0, y
        and #$FF
        sta number
        iny
next:   lda a:0, y
        and #$FF
        cmp #NO_MORE
        beq drawn
        xba
        lsr a
        lsr a
        sta cursor              ; 64 · row
        lda a:1, y
        and #$FF
        asl a
        adc cursor
        sta cursor
        lda a:2, y
        and #$FF
        sta rows
        lda a:3, y
        and #$FF
        sta count
        phy
        call draw_window
        ply
        iny
        iny
        iny
        iny
        bra next
drawn:  call copy_windows
        ldx #0
        ldy #SCREEN_BYTES / 2
        tail_call clear_tiles
endproc

; One of them.
; in: cursor, rows, count = tiles across, number = the piece that fills it    kills: A, X, Y, cursor, rows, field
proc draw_window, 16, 16
        lda rows
        dec a
        beq bar
        dec a
        sta rows
        ldy #.loword(tops)
        call draw_window_row
:       ldy #.loword(sides)
        call draw_window_row
        dec rows
        bne :-
        ldy #.loword(bottoms)
        bra last
bar:    ldy #.loword(bars)
last:   tail_call draw_window_row
endproc

; A row of one.
; in: cursor, Y = its three pieces, count, number    out: cursor = a row below    kills: A, X, field
proc draw_window_row, 16, 16
        ldx cursor
        call draw_piece
        lda count
        dec a
        dec a
        sta field
:       call draw_piece
        dey
        dec field
        bne :-
        iny
        call draw_piece
        lda cursor
        clc
        adc #ROW_BYTES
        sta cursor
        rts
endproc

; in: X = place, Y = the piece's address    out: X, Y = the next    kills: A
proc draw_piece, 16, 16
        lda a:0, y
        and #$FF
        clc
        adc number
        sta f:screen, x
        inx
        inx
        iny
        rts
endproc

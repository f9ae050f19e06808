        ; the row of this token at this position, by DMA
        lda front_base
        clc
        adc token
        ldx #.loword(w_ptr)
        ldy #.loword(front_row_addresses)
        call row_pointer
        lda w_ptr
        sta A1T1L
        set WMADDL, residual
        set DAS1L, 3 * KV_ROW
        a8
        stz DMAP1
        lda #.lobyte(WMDATA)
        sta BBAD1
        lda w_ptr + 2
        sta A1B1
        stz WMADDH
        lda #2
        sta MDMAEN
        a16
        trace {{ block.trace }}, residual, KV_ROW

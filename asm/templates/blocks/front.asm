        ; the row of this token at this position, by DMA; the registers are not seen in bank $7E
        lda front_base
        clc
        adc token
        row_pointer w_ptr, front_row_addresses
        lda w_ptr
        sta f:A1T1L
        lda #.loword(residual)
        sta f:WMADDL
        lda #3 * KV_ROW
        sta f:DAS1L
        a8
        lda #0
        sta f:DMAP1
        sta f:WMADDH
        lda #.lobyte(WMDATA)
        sta f:BBAD1
        lda w_ptr + 2
        sta f:A1B1
        lda #2
        sta f:MDMAEN
        a16
        trace {{ block.trace }}, residual, KV_ROW

        clc
        xce
        rep #$38
        .a16
        .i16
        ldx #SA1_STACK_TOP
        txs
        lda #0
        tcd
        a8
        lda #$80
        sta CBWE
        lda #$FF
        sta CIWP
        phk                     ; only now does the stack hold anything
        plb
        lda #VECTOR_BLOCK
        sta BMAP

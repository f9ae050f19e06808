        call divide
        lda dividend
        eor #$8000
        sta [y_ptr]
        inc y_ptr
        inc y_ptr
        lda column
        inc a
        inc a
        sta column
        cmp #2 * HEAD_DIM
        bne next

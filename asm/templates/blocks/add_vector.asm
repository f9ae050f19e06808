; y = y + x.
; in: x_ptr, y_ptr, n_bytes    kills: A, Y
; twin: x + y
proc add_vector, 16, 16
        ldy #0
:       lda (x_ptr), y
        clc
        adc [y_ptr], y
        sta [y_ptr], y
        iny
        iny
        cpy n_bytes
        bne :-
        rts
endproc

        inc steps_done
        lda request
        bne :+
        jmp given_up
:

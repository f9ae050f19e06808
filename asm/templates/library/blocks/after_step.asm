        inc steps_done
        lda stopping
        beq :+
        jmp given_up
:

        clc
        rts
given_up:                       ; nobody wants the token any more
        phk
        plb
        sec

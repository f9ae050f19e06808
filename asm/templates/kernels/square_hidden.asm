; The squared activation of the rows and columns of digits.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

; A = A², rounded to Q8.8 and saturated: a hidden unit of a squared ReLU. Any direct page and data bank.
; in: A ≥ 0    out: A    kills: X, mul_a, mul_b, product, acc
; twin: quantize.kernels.activation.relu2
far_proc square_hidden, 16, 16
        phd
        pea ZERO_PAGE
        pld
        phb
        phk                     ; the multiplier's registers are seen in bank $80
        plb
        call square_q88
        plb
        pld
        rtl
endproc

; Tokens by their labels: what they print, in as many tiles as there are.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

SPACE_SHOWN = '_'
END         = {{ xray.end }}

; The text of a token, at the cursor in the ink set: its first characters, blanks behind; spaces can be seen.
; in: A = token, Y = tiles    kills: A, X, Y, cursor, token_text
; twin: quantize.twins.xray.label
proc put_label, 16, 16
        cmp #TOKEN_BOS
        beq end
        asl a
        tax
        lda f:token_offsets, x
next:   sta token_text
        tax
        lda f:token_texts, x
        and #$FF
        beq blank
        cmp #' '
        bne :+
        lda #SPACE_SHOWN
:       call put_character
        dey
        beq done
        lda token_text
        inc a
        bra next
end:    lda #END
        bra put
blank:  lda #' '
put:    call put_character
        dey
        bne blank
done:   rts
endproc

; The tile of a token where it has but one: a character, or the mark of a beginning and end.
; in: A    out: A    kills: X
proc token_tile, 16, 16
        cmp #TOKEN_BOS
        beq :+
        tax
        lda .loword(symbol_characters), x
        and #$FF
        rts
:       lda #END
        rts
endproc

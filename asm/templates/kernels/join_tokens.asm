; Tokens side by side are joined, again and again the best pair, until no pair is one token.

        .include "contract.inc"
        .include "config.inc"
        .include "memory.inc"

        .segment "CODE"

NO_JOIN = $FFFF                 ; worse than every rank

; Two tokens or more. Rank and whole of the pair at each place are kept.
; in: typed_tokens, joined_end = 2 · tokens    out: the same
; kills: A, X, Y, join_place, join_right, join_list_end, join_best
; twin: trainer.text.sentencepiece.PieceTokenizer.encode
proc join_tokens, 16, 16
        ldx #0
:       call find_join
        ldx join_place
        inx
        inx
        cpx joined_end
        bne :-
next:   call best_join
        bcs done
        call join_pair
        bra next
done:   rts
endproc

; The token that the tokens at a place and behind it become, and its rank.
; in: X = 2 · place    out: join_place = X, place_ranks and place_wholes there    kills: A, X, join_right, join_list_end
proc find_join, 16, 16
        stx join_place
        lda typed_tokens + 2, x
        sta join_right
        lda typed_tokens, x
        asl a
        tax
        lda f:join_lists + 2, x
        sta join_list_end
        lda f:join_lists, x
        tax
next:   cpx join_list_end
        beq none
        lda f:join_rights, x
        cmp join_right
        beq found
        inx
        inx
        bra next
found:  lda f:join_wholes, x
{% if ranked_by_join %}
        phx
        ldx join_place
        sta f:place_wholes, x
        plx
{% else %}
        ldx join_place
        sta f:place_wholes, x
        asl a
        tax
{% endif %}
        lda f:join_ranks, x
        bra put
none:   lda #NO_JOIN
put:    ldx join_place
        sta f:place_ranks, x
        rts
endproc

; The place of the best pair, the first of equals.
; in: place_ranks, joined_end    out: join_place, carry = there is none    kills: A, X, join_best
proc best_join, 16, 16
        set join_best, NO_JOIN
        ldx joined_end
        dex
        dex
next:   dex                     ; from the last to the first, so that the first of equals wins
        dex
        bmi done
        lda f:place_ranks, x
        cmp join_best
        beq :+
        bcs next
:       sta join_best
        stx join_place
        bra next
done:   lda join_best
        cmp #NO_JOIN
        rts
endproc

; A pair becomes one token, what is behind it moves up, and its two new pairs are looked for.
; in: join_place    out: typed_tokens, joined_end, place_ranks, place_wholes
; kills: A, X, join_place, join_right, join_list_end
proc join_pair, 16, 16
        dec joined_end
        dec joined_end
        ldx join_place
        lda f:place_wholes, x
        sta typed_tokens, x
        bra check
next:   lda typed_tokens + 2, x
        sta typed_tokens, x
        lda f:place_ranks + 2, x
        sta f:place_ranks, x
        lda f:place_wholes + 2, x
        sta f:place_wholes, x
check:  inx
        inx
        cpx joined_end
        bcc next
        lda join_place
        beq behind
        dec a
        dec a
        tax
        call find_join
        ldx join_place
        inx
        inx
        stx join_place
behind: ldx join_place
        inx
        inx
        cpx joined_end
        beq done
        dex
        dex
        call find_join
done:   rts
endproc

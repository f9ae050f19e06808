; The calls of a game: a table of jumps, and what stands between the game's registers and the model's.
; Every call is a jsl. It keeps the data bank, the direct page, X, Y, widths and flags but for the carry, unless it says
; so; carry set means no. See docs/game.md.

        .include "contract.inc"
        .include "snes.inc"
{% if target.apart %}
        .include "sa1.inc"
{% endif %}
        .include "config.inc"
        .include "memory.inc"
        .include "library.inc"

        .segment "CODE"

{% for call in game_calls %}
        .export {{ call.name }}
{% endfor %}

; The table: the first bytes of the library, four each, in this order for ever.
{% for call in game_calls %}
{{ call.name }}: jml {{ call.entry }}
{% endfor %}

; within routine: a routine in the library's own direct page, data bank and widths; the game's come back afterwards.
; The routine gets A, X and Y, and leaves A and the carry.
.macro within routine
        php
        rep #$38
        .a16
        .i16
        phb
        phd
        phx
        phy
        pea ZERO_PAGE
        pld
        phk
        plb
        call routine
        jmp .loword(leave)
.endmacro

{% for call in game_calls %}
{% if call.wrapped %}
{{ call.entry }}:
        within {{ call.routine }}
{% endif %}
{% endfor %}

        .a16
        .i16
leave:  ply
        plx
        pld
        plb
        bcs :+
        plp
        clc
        rtl
:       plp
        sec
        rtl

{% if target.apart %}
JML_CODE = $5C
HOLD     = $20                  ; of CCNT

{% endif %}
; Once, before all other calls: nothing is asked for, and there is no text.
{% if target.apart %}
; out: carry = the cartridge has no SA-1    kills: A, X
proc start_library, 16, 16
        a8
        lda #HOLD
        sta CCNT
        lda #$80
        sta SBWE
        stz SIE                 ; it interrupts nobody
        stz BWPA
        lda #$FF
        sta SIWP
        a16
        ldx #.loword(talk_end - token - 1) & $FFFE
:       stz token, x
        dex
        dex
        bpl :-
        set ended, 1
        set sa1_entry, JML_CODE | .lobyte(sa1_start) << 8
        set sa1_entry + 2, .hibyte(sa1_start) | .bankbyte(sa1_start) << 8
        set CRV, sa1_entry
        lda sa1_entry
        cmp #.loword(JML_CODE | .lobyte(sa1_start) << 8)
        bne missing             ; its memory does not answer
        a8
        stz CCNT
        a16
        clc
        rts
missing:
        sec
        rts
endproc
{% else %}
; out: carry clear    kills: A, X
proc start_library, 16, 16
        ldx #(talk_end - 1) & $FFFE
:       stz <0, x
        dex
        dex
        bpl :-
        set ended, 1
        clc
        rts
endproc
{% endif %}

; What is asked for and not wanted any more is over.
; kills: A
proc settle, 16, 16
wait:   lda stopping
        beq done
        lda request
        cmp #ASKED
        bne done
{% if target.apart %}
        bra wait                ; the SA-1 sees it between two steps
{% else %}
        stz request             ; nobody computes while the game is here
{% endif %}
done:   rts
endproc

; A text begins; what was asked for is forgotten.
; in: A = seed, X = temperature in tenths, Y = top-p in percent, 0 = off    out: carry clear
; kills: A, X, Y, acc, dividend, divisor
proc begin_text, 16, 16
        phy
        phx
        ldx #1
        stx ended               ; no handler may ask until all is there
        stx stopping
        pha
        call settle
        pla
        stz request
        call seed_random
        pla
        cmp #TEMPERATURE_MAX
        bcc :+
        lda #TEMPERATURE_MAX
:       sta temperature
        call set_temperature
        pla
        cmp #100
        bcc :+
        lda #0
:       call set_top_p
        stz drawn
        stz given_tokens
        call begin_document
        stz stopping
        stz ended
        clc
        rts
endproc

; The next token is wanted. One that is wanted already, or made and not taken, stays so.
; out: carry = the text has ended    kills: A
proc ask_token, 16, 16
        lda ended
        bne over
        stz stopping
        lda request
        bne :+
        set request, ASKED
:       clc
        rts
over:   lda request             ; the last one may be there
        cmp #MADE
        beq :-
        sec
        rts
endproc

{% if target.apart %}
; Nothing: the other processor computes what is asked for by itself.
{% else %}
; What was asked for, computed.
{% endif %}
; out: carry clear    kills: A, X, Y and the arguments
proc do_work, 16, 16
{% if target.alone %}
        lda request
        cmp #ASKED
        bne :+
        call make_asked
:
{% endif %}
        clc
        rts
endproc

; The token, if it is made: it is given out once.
; out: A = it, carry = there is none    kills: X
proc take_token, 16, 16
        lda request
        cmp #MADE
        bne none
        ldx next_token
        trb request             ; in one instruction: a handler may have taken it
        beq none
        txa
        clc
        rts
none:   sec
        rts
endproc

; The next token, from asking to taking it.
; out: A = it, carry = the text has ended, or a handler has stopped it    kills: X, Y and the arguments
proc await_token, 16, 16
        call ask_token
        bcs done
again:  call do_work
        call take_token
        bcc done
        lda request             ; 0 = a handler has stopped it
        bne again
        sec
done:   rts
endproc

; What is asked for is not wanted any more. A token that is made stays.
; out: carry clear    kills: A
proc forget_request, 16, 16
        lda request
        cmp #ASKED
        bne :+
        set stopping, 1
:       clc
        rts
endproc

; out: A = steps of the token that are done, X = tokens of the text so far, carry clear
progress:
        php
        rep #$38
        .a16
        .i16
{% if target.apart %}
        lda f:position
        tax
        lda f:steps_done
{% else %}
        lda f:$7E0000 + ZERO_PAGE + position
        tax
        lda f:$7E0000 + ZERO_PAGE + steps_done
{% endif %}
        plp
        clc
        rtl

; in: A = a token    out: X, A = address and bank of its text, which ends with a zero; carry clear
text_of_token:
        php
        rep #$38
        asl a
        tax
        lda f:token_offsets, x
        clc
        adc #.loword(token_texts)
        tax
        lda #.bankbyte(token_texts)
        plp
        clc
        rtl
{% include "blocks/guard.asm" %}

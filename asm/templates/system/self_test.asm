; The self-test: the sum of the whole ROM against its header, and the golden transcript computed once more.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "cartridge.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

TEST_ROW        = 18
SUM_ROW         = TEST_ROW + 2
TRANSCRIPT_ROW  = SUM_ROW + 1
CODE_ROW        = TRANSCRIPT_ROW + 1
RESULT_COLUMN   = 12
PROGRESS_PLACES = 4
SUM_AT_ONCE     = 8
BANK_BYTES      = $8000
{% if target.apart %}
FIRST_HALVES    = $80           ; banks of which one half is seen: 4 MiB
{% endif %}
HEADER_CHECKSUM = $FFDE         ; its complement is before it: the four bytes always sum to the same
.assert ROM_BANKS <= ${{ '%X' % target.max_banks }} && GOLDEN_TOKENS < 10000, error, "the self-test cannot show these numbers"

; The title, the two things tested, and the code that says how it went.
; kills: A, X, Y
proc draw_self_test, 16, 16
        at TEST_ROW, 1
        say INK_SKY, title
        at SUM_ROW, 1
        say INK_GREY, sum_label
        at TRANSCRIPT_ROW, 1
        say INK_GREY, transcript_label
        at CODE_ROW, 1
        say INK_GREY, code_label
        at CODE_ROW, RESULT_COLUMN
        say INK_GREY, run_it
        rts
title:            .asciiz "SELF-TEST"
sum_label:        .asciiz "ROM sum"
transcript_label: .asciiz "transcript"
code_label:       .asciiz "code"
run_it:           .asciiz "run the self-test"
endproc

; Both tests with their progress and outcome, then the code; a press stops them, and is still to be taken. Whoever
; calls sets the temperature's tables anew.
; kills: everything
proc self_test, 16, 16
        stz prompt_length       ; what was typed on the prompt's screen makes room
        stz golden_token
        stz golden_frames
        set golden_verdict, REPORT_STOPPED
        ldx #TRANSCRIPT_ROW * ROW_BYTES
        call clear_result       ; an earlier one
        ldx #CODE_ROW * ROW_BYTES
        call clear_result
        call test_sum
        bcs :+
        call test_transcript
:       at CODE_ROW, RESULT_COLUMN
        set ink, INK_PAPER
        tail_call put_report
endproc

; Sum every byte of the image as its header's checksum does.
; out: carry = stopped, golden_verdict    kills: A, X, Y, acc, count
proc test_sum, 16, 16
        ldx #SUM_ROW * ROW_BYTES
        call clear_result
        say INK_GREY, progress
        lda #ROM_BANKS
        call put_number
        stz acc
        stz count
next:   lda pad_pressed
        ora host_command
        bne stopped
        at SUM_ROW, RESULT_COLUMN + 5
        lda count
        inc a
        ldy #PROGRESS_PLACES
        call put_decimal
        call sum_bank
        inc count
        lda count
        cmp #ROM_BANKS
        bne next
        ldx #SUM_ROW * ROW_BYTES
        call clear_result
        lda acc
        cmp HEADER_CHECKSUM
        bne failed
        lda #REPORT_SUM
        tsb golden_verdict
        say INK_SKY, pass
        clc
        rts
failed: say INK_GOLD, fail
        clc
        rts
stopped:
        ldx #SUM_ROW * ROW_BYTES
        tail_call put_stopped
progress: .asciiz "bank      of "
pass:   .asciiz "PASS"
fail:   .asciiz "FAIL"
endproc

{% if target.apart %}
; Add the bytes of a bank: of the first 4 MiB the half that is seen of one, of the others each half in turn.
; in: count = its number, acc    out: acc    kills: A, X, Y, w_ptr
proc sum_bank, 16, 16
        ldx #BANK_BYTES
        lda count
        cmp #FIRST_HALVES
        bcs whole
        and #$40                ; the third MiB begins at bank $80
        adc count
        bra found
whole:  lsr a
        bcs :+
        ldx #0
:       ora #$80                ; those behind begin at bank $C0
found:  stx w_ptr
        sta w_ptr + 2
        ldx acc + 1             ; A is the low byte of the sum, X counts its carries
        ldy #0
        a8
        lda acc
        clc
next:   .repeat ::SUM_AT_ONCE
        adc [w_ptr], y
        bcc :+
        inx
        clc
:       iny
        .endrepeat
        bpl next                ; up to BANK_BYTES
        sta acc
        txa
        sta acc + 1
        a16
        rts
endproc

{% else %}
; Add the bytes of a bank.
; in: count = its number, acc    out: acc    kills: A, X, Y
proc sum_bank, 16, 16
        phb
        ldx acc + 1             ; A is the low byte of the sum, X counts its carries
        ldy #.loword(-BANK_BYTES)
        a8
        lda count
        ora #PROGRAM_BANK
        pha
        lda acc
        plb
        clc
next:   .repeat ::SUM_AT_ONCE
        adc a:0, y
        bcc :+
        inx
        clc
:       iny
        .endrepeat
        bne next
        sta acc
        txa
        sta acc + 1
        a16
        plb
        rts
endproc

{% endif %}
; Compute the golden transcript again: every document from its beginning, every token against its checksum.
; out: golden_token, golden_frames, golden_verdict    kills: everything
proc test_transcript, 16, 16
        ldx #TRANSCRIPT_ROW * ROW_BYTES
        call clear_result
        say INK_GREY, progress
        lda #GOLDEN_TOKENS
        call put_number
        lda temperature
        pha
        set temperature, GOLDEN_TEMPERATURE
        call set_temperature
        pla
        sta temperature
        stz golden_document
        lda frames
        sta golden_since
document:
        call begin_golden_document
next:   at TRANSCRIPT_ROW, RESULT_COLUMN + 6
        set ink, INK_GREY
        lda golden_token
        inc a
        ldy #PROGRESS_PLACES
        call put_decimal
        call try_token
        bcs stopped
        call count_frames
        call token_checksum
        tay
        lda golden_token
        asl a
        tax
        tya
        cmp f:golden, x
        bne failed
        inc golden_token
        lda golden_token
        cmp #GOLDEN_TOKENS
        beq passed
        call advance
        bcc next
        inc golden_document
        bra document
passed: lda #REPORT_STOPPED
        trb golden_verdict
        ldx #TRANSCRIPT_ROW * ROW_BYTES
        call clear_result
        say INK_SKY, pass
        lda #GOLDEN_TOKENS
        call put_number
        ldx #.loword(tokens)
        call put_string
        bra done
failed: lda #REPORT_STOPPED ^ REPORT_FAILED
        eor golden_verdict
        sta golden_verdict
        ldx #TRANSCRIPT_ROW * ROW_BYTES
        call clear_result
        say INK_GOLD, fail
        lda golden_token
        inc a
        call put_number
done:   stz given_tokens
        rts
stopped:
        stz given_tokens
        ldx #TRANSCRIPT_ROW * ROW_BYTES
        tail_call put_stopped
progress: .asciiz "token      of "
pass:   .asciiz "PASS "
tokens: .asciiz " tokens"
fail:   .asciiz "FAIL at token "
endproc

; How long the transcript takes so far: $FFFF for as many frames or more.
; in: frames, golden_since    out: golden_frames    kills: A
proc count_frames, 16, 16
        lda frames
        sec
        sbc golden_since
        cmp golden_frames
        bcs :+
        lda #$FFFF              ; they are counted in a word
:       sta golden_frames
        rts
endproc

; The next document of the transcript; of those that are not free, all letters but the last are given.
; in: golden_document    out: host_prompt, given_tokens    kills: A, X, random_t
proc begin_golden_document, 16, 16
        lda golden_document
        call seed_random
        call begin_document
        stz given_tokens
        lda golden_document
        sec
        sbc #GOLDEN_FREE
        bcc done
        ldx #0
next:   sta host_prompt, x
        clc
        adc #GOLDEN_STEP
        cmp #TOKEN_BOS
        bcc :+
        sbc #TOKEN_BOS
:       inx
        inx
        cpx #2 * (N_CONTEXT - 1)
        bne next
        set given_tokens, N_CONTEXT - 1
done:   rts
endproc

; A = what identifies the token just made: turned left and added, word by word.
; in: next_token, random_x, random_y, logits    out: A    kills: X
; twin: asm.cartridge.transcript.checksums
proc token_checksum, 16, 16
        lda next_token
        asl a
        adc random_x            ; the bit turned out comes in below
        asl a
        adc random_y
        ldx #2 * N_VOCAB - 2
:       asl a
        adc logits, x
        dex
        dex
        bpl :-
        rts
endproc

; Empty the tiles behind a label, the cursor there.
; in: X = the row's offset    kills: A, X, Y
proc clear_result, 16, 16
        txa
        clc
        adc #2 * RESULT_COLUMN
        sta cursor
        tax
        ldy #32 - RESULT_COLUMN
        tail_call clear_tiles
endproc

; in: X = the row's offset    out: carry = 1    kills: A, X, Y
proc put_stopped, 16, 16
        call clear_result
        say INK_GREY, text
        sec
        rts
text:   .asciiz "stopped"
endproc

; A in as many places as it needs.
; in: A < 10000    kills: A, X, Y, field, number
proc put_number, 16, 16
        ldy #1
        cmp #10
        bcc :+
        iny
        cmp #100
        bcc :+
        iny
        cmp #1000
        bcc :+
        iny
:       tail_call put_decimal
endproc

; The report code: what this console and its self-test were, in letters to read aloud. See asm/cartridge/report_code.py.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "cartridge.inc"
        .include "memory.inc"
        .include "screen.inc"

        .segment "CODE"

BUILD_SHIFT = 12                ; of the last digit: the bits below it are the versions
.assert BUILD_DIGITS = 5 && 1 << BUILD_SHIFT = $1000, error, "a word and four bits of the build id"
.assert GOLDEN_TOKENS < 1 << REPORT_TOKEN_BITS, error, "the report has no room for the tokens"

; Every word of the report, then its letters at the cursor.
; in: golden_token, golden_frames, golden_verdict, cursor, ink    kills: A, X, Y, count, report
proc put_report, 16, 16
        call report_build
        call read_machine
        call seal_report
        ldy #0
next:   call report_digit
        tax
        lda .loword(letters), x
        and #$FF
        call put_character
        iny
        cpy #REPORT_LETTERS
        beq done
        tya
        and #REPORT_GROUP - 1
        bne next
        lda #'-'
        call put_character
        bra next
done:   rts
letters: .byte "{{ report.letters }}"
endproc

; The first digits of the build id: four in the first word, the last at the top of the second.
; out: report    kills: A, X
proc report_build, 16, 16
        ldx #0
next:   lda .loword(build_id), x
        and #$FF
        cmp #'A'
        bcc :+
        sbc #'A' - '9' - 1      ; letters follow digits
:       and #$0F
        cpx #BUILD_DIGITS - 1
        beq last
        asl report
        asl report
        asl report
        asl report
        ora report
        sta report
        inx
        bra next
last:   xba
        .repeat ::BUILD_SHIFT - 8
        asl a
        .endrepeat
        sta report + 2
        rts
endproc

; What the chips say they are. RDNMI is read as a byte: behind it is the register that acknowledges interrupts.
; out: report, A = the region's bit    kills: count
proc read_machine, 16, 16
        lda STAT77              ; and STAT78 above it
        sta count
        and #$0F
        asl a
        asl a
        asl a
        asl a
        tsb report + 2
        lda count
        xba
        and #$0F
        tsb report + 2
        a8
        lda RDNMI
        a16
        and #$0F
        xba
        tsb report + 2
        lda count
        and #STAT78_PAL << 8
        beq :+
        lda #REPORT_PAL
:       rts
endproc

; The last words of the report: what the self-test found, and the checksum of all before it: Python's crc_hqx.
; in: A = the region's bit, report, golden_token, golden_frames, golden_verdict    out: report    kills: A, X, Y
; twin: asm.cartridge.report_code.words
proc seal_report, 16, 16
        ora #REPORT_TARGET
        ora golden_verdict
        sta report + 6
        lda golden_token
        .repeat ::REPORT_TOKENS_SHIFT
        asl a
        .endrepeat
        tsb report + 6
        lda golden_frames
        sta report + 4
        set report + 8, REPORT_CRC_START
        ldx #0
next:   lda report, x           ; crc = crc << 8 ^ table[crc >> 8 ^ byte]
        eor report + 9
        and #$FF
        asl a
        tay
        lda report + 8
        xba
        and #$FF00
        eor .loword(crc_table), y
        sta report + 8
        inx
        cpx #8
        bne next
        xba                     ; its high byte comes first
        sta report + 8
        rts
endproc

; The next five bits, from the highest of the first word on.
; in: report    out: A, report = what is left of it, moved up    kills: X
; twin: asm.cartridge.report_code.digits
proc report_digit, 16, 16
        lda #0
        ldx #5
:       asl report + 8
        rol report + 6
        rol report + 4
        rol report + 2
        rol report
        rol a
        dex
        bne :-
        rts
endproc

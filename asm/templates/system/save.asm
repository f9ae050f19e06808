; Names kept in the cartridge's battery RAM, in two copies. Every change writes the copy that is not current and only
; then makes it current: a power cut leaves the old list or the new one. See docs/save.md.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "cartridge.inc"
        .include "memory.inc"
        .include "screen.inc"

MAGIC_LOW   = 'S' + 'G' * 256
MAGIC_HIGH  = 'P' + 'T' * 256
SHAPE       = SAVE_VERSION + ENTRY_BYTES * 256
CRC_START   = $FFFF
FLAG_MUTED  = 1
THEME_BITS  = 7                 ; above it: the colours
SAVE_FIRST_BAD = 2              ; save_state: 0 = all was well, 1 = the second copy was bad, 3 = both
SAVE_FAILS  = 4
STATUS_NAME = 15                ; tiles of a name on the status line
.assert STATUS_NAME < ENTRY_BYTES, error, "put_kept would read behind an entry"

; A entries in bytes, carry clear: 64 of the longest are 8 KiB.
.macro times_entry
        .repeat ::ENTRY_SHIFT
        asl a
        .endrepeat
.endmacro

.macro adc_constant value
        clc
        adc #.loword(value)
.endmacro

        .segment "TABLES"

; CRC-16 of every byte
        .export crc_table
crc_table:
{% for line in crc_lines %}
        .word {{ line }}
{% endfor %}

        .segment "CODE"

; At power-on: find the newer good copy, take the settings from it, and write anew a copy that is damaged.
; out: kept_copy, kept_count, kept_sequence, save_state, muted, theme
; kills: A, X, Y, save_to, save_next, crc, crc_end
proc load_kept, 16, 16
        ldx #0
        call check_copy
        stz save_state
        rol save_state
        ldx #SECOND_COPY
        call check_copy
        rol save_state          ; bit 1: the first is bad; bit 0: the second is
        lda save_state
        beq newer
        cmp #SAVE_FIRST_BAD
        bcc first
        beq second
        stz kept_copy
        stz kept_count
        stz kept_sequence
        stz muted
        stz theme
        call save_settings      ; an empty list, here and once more below
        bra repair
newer:  lda f:save_sequence + SECOND_COPY
        clc                     ; takes one more off: equal numbers are in favour of the first
        sbc f:save_sequence
        bpl second
first:  ldx #0
        bra found
second: ldx #SECOND_COPY
found:  call use_copy
        lda f:save_flags, x
        pha
        and #FLAG_MUTED
        sta muted
        pla
        lsr a
        and #THEME_BITS
        cmp #THEMES
        bcc :+
        lda #0                  ; of a cartridge with more of them
:       sta theme
        lda save_state
        beq done
repair: call save_settings
done:   rts
endproc

; Keep a name, unless it is there or nothing is left; say so at the cursor.
; in: X = its offset in `history`, cursor, ink
; kills: A, X, Y, w_ptr, y_ptr, count, field, number, kept_entry, save_to, save_next, crc, crc_end
proc keep_entry, 16, 16
        lda f:history, x
        and #$FF
        beq done
        stx kept_entry
        call find_kept
        bcs there
        lda kept_count
        cmp #KEPT_CAPACITY
        beq full
        call begin_copy
        lda #0
        ldy kept_count
        call copy_kept
        call copy_new
        lda kept_count
        inc a
        call finish_copy
        bcs fails
        ldx #.loword(kept)
        call put_string
        lda kept_count
        dec a
        ldy #STATUS_NAME
        call put_kept
        lda cursor
        adc_constant 2 * 2
        sta cursor
        tail_call put_kept_of_all
there:  ldx #.loword(known)
        bra say_it
full:   ldx #.loword(no_room)
        bra say_it
fails:  ldx #.loword(no_answer)
say_it: tail_call put_string
done:   rts
kept:   .asciiz "kept "
known:  .asciiz "already kept"
no_room: .asciiz "the list is full"
endproc

        .export no_answer
no_answer: .asciiz "save memory does not answer"

; Take a name off the list.
; in: A = its number    kills: A, X, Y, save_to, save_next, crc, crc_end    out: carry = it could not be saved
proc remove_kept, 16, 16
        pha
        call begin_copy
        lda #0
        ply
        phy
        call copy_kept          ; those before it
        pla
        inc a
        ldy kept_count
        call copy_kept          ; those behind it
        lda kept_count
        dec a
        tail_call finish_copy
endproc

; Empty the list.
; kills: A, X, Y, save_to, save_next, crc, crc_end    out: carry = it could not be saved
proc clear_kept, 16, 16
        call begin_copy
        lda #0
        tail_call finish_copy
endproc

; Save the list as it is, with the current settings.
; in: muted, theme    kills: A, X, save_to, save_next, crc, crc_end    out: carry = it could not be saved
proc save_settings, 16, 16
        phy
        call begin_copy
        lda #0
        ldy kept_count
        call copy_kept
        lda kept_count
        call finish_copy
        ply
        rts
endproc

; A new copy in place of the one that is not current: from here to the end of finish_copy it is none.
; out: save_to, save_next    kills: A, X
proc begin_copy, 16, 16
        lda kept_copy
        eor #SECOND_COPY
        sta save_to
        tax
        adc_constant save_entries
        sta save_next
        lda #0
        sta f:save_magic, x
        rts
endproc

; Names of the current copy, behind what the new one has already.
; in: A = the first, Y = the one behind the last    out: save_next    kills: A, X, Y
proc copy_kept, 16, 16
        pha
        tya
        sec
        sbc 1, s
        beq none
        times_entry
        tay
        pla
        times_entry
        adc_constant save_entries
        adc kept_copy
        tax
        tya
        dec a
        ldy save_next
        phb
        mvn #SAVE_BANK, #SAVE_BANK
        plb
        sty save_next
        rts
none:   pla
        rts
endproc

; The name that is to be kept, behind what the new copy has already.
; in: kept_entry    out: save_next    kills: A, X, Y
proc copy_new, 16, 16
        lda kept_entry
        adc_constant history
        tax
        ldy save_next
        lda #ENTRY_BYTES - 1
        phb
        mvn #HISTORY_BANK, #SAVE_BANK
        plb
        sty save_next
        rts
endproc

; The new copy's header, its magic last; then it is read back, and is current if it reads as it should.
; in: A = names in it    out: carry, kept_copy, kept_count, kept_sequence    kills: A, X, Y, crc, crc_end
proc finish_copy, 16, 16
        pha
        ldx save_to
        lda #SHAPE
        sta f:save_version, x
        lda kept_sequence
        inc a
        sta f:save_sequence, x
        lda theme
        asl a
        ora muted
        sta f:save_flags, x
        pla
        sta f:save_count, x
        lda #0
        sta f:save_reserved, x
        call copy_crc
        ldx save_to
        sta f:save_crc, x
        lda #MAGIC_HIGH
        sta f:save_magic + 2, x
        lda #MAGIC_LOW
        sta f:save_magic, x
        call check_copy
        bcs fails
        tail_call use_copy
fails:  set save_state, SAVE_FAILS
        rts
endproc

; A good copy becomes the current one.
; in: X = where it begins    out: kept_copy, kept_count, kept_sequence, X, carry clear    kills: A
proc use_copy, 16, 16
        stx kept_copy
        lda f:save_count, x
        sta kept_count
        lda f:save_sequence, x
        sta kept_sequence
        clc
        rts
endproc

; Is this copy whole, and ours?
; in: X = where it begins    out: X, carry set = it is not    kills: A, Y, crc, crc_end
proc check_copy, 16, 16
        lda f:save_magic, x
        cmp #MAGIC_LOW
        bne bad
        lda f:save_magic + 2, x
        cmp #MAGIC_HIGH
        bne bad
        lda f:save_version, x
        cmp #SHAPE
        bne bad
        lda f:save_count, x
        cmp #KEPT_CAPACITY + 1
        bcs done
        phx
        call copy_crc
        plx
        cmp f:save_crc, x
        bne bad
        clc
done:   rts
bad:    sec
        rts
endproc

; The checksum of a copy: of all behind it that is in use. As Python's binascii.crc_hqx.
; in: X = where it begins; at most KEPT_CAPACITY names    out: A = crc    kills: X, Y, crc_end
proc copy_crc, 16, 16
        stx crc_end
        lda f:save_count, x
        times_entry
        adc_constant save_entries - save_version
        adc crc_end
        sta crc_end
        set crc, CRC_START
next:   lda f:save_version, x   ; crc = crc << 8 ^ table[crc >> 8 ^ byte]
        eor crc + 1
        and #$FF
        asl a
        tay
        lda crc
        xba
        and #$FF00
        eor .loword(crc_table), y
        sta crc
        inx
        cpx crc_end
        bne next
        rts
endproc

; Is the name in the list?
; in: kept_entry    out: carry    kills: A, Y, w_ptr, y_ptr, count
proc find_kept, 16, 16
        set_far w_ptr, history
        lda kept_entry
        adc_constant history
        sta w_ptr
        set_far y_ptr, save_entries
        lda kept_copy
        adc_constant save_entries
        sta y_ptr
        lda kept_count
        sta count
        beq none
next:   ldy #ENTRY_BYTES - 2
:       lda [w_ptr], y
        cmp [y_ptr], y
        bne other
        dey
        dey
        bpl :-
        sec
        rts
other:  lda y_ptr
        adc_constant ENTRY_BYTES
        sta y_ptr
        dec count
        bne next
none:   clc
        rts
endproc

; Where a name of the list begins, from save_entries.
; in: A = its number    out: X    kills: A
proc find_kept_text, 16, 16
        times_entry
        clc
        adc kept_copy
        tax
        rts
endproc

; A name of the list at the cursor, in the ink set.
; in: A = its number, Y = tiles at most, less than ENTRY_BYTES    out: Y = tiles left    kills: A, X
proc put_kept, 16, 16
        call find_kept_text
next:   lda f:save_entries, x
        and #$FF
        beq done
        dey
        bmi long
        phx
        call put_character
        plx
        inx
        bra next
long:   iny
        tail_call put_ellipsis
done:   rts
endproc

; How many are kept, and how many may be, at the cursor.
; kills: A, X, Y, field, number
proc put_kept_of_all, 16, 16
        call put_kept_count
        ldx #.loword(of_all)
        tail_call put_string
of_all: .byte " of ", .sprintf("%d", ::KEPT_CAPACITY), 0
endproc

; How many are kept, at the cursor.
; kills: A, X, Y, field, number
proc put_kept_count, 16, 16
        ldy #1
        lda kept_count
        cmp #10
        bcc :+
        iny
:       tail_call put_decimal
endproc

; The screen of names, as they are made; all of them stay in `history`, for looking back and for keeping.

        .include "contract.inc"
        .include "snes.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"
        .include "names.inc"

        .segment "CODE"

.assert HISTORY_PAGES >= 2, error, "the names made do not fit their memory"

        .export names_windows
names_windows:
        windows_of INSIDE
        window 0, 0, 4, 32
        window 3, 0, 21, 32
        window 3, 0, 1, 32
        windows_end

; Make names for ever, a screenful at a time. Coming back from another screen goes on where it was left, unless the
; settings are others now.
proc names_page, 16, 16
        call draw_names_hints
        stz names_view
        .if ::STREAM
        bra begin               ; what was given to the window is lost
        .endif
        lda temperature
        cmp names_temperature
        bne begin
        lda seed
        cmp names_seed
        bne begin
        call set_temperature
        lda names_random
        sta random_x
        lda names_random + 2
        sta random_y
        call draw_settings
        call draw_view
        jmp .loword(go_on)
begin:  call begin_names
go_on:  call start_speed
next:   lda names_made
        cmp #NAMES
        beq rest
        call begin_name
letter: call try_token
        bcs pressed
{% if target.apart %}
        call begin_next
        bcs last                ; else the SA-1 makes a token while this one's letter is drawn
        call show_letter
        call count_token
        bra letter
last:   call begin_following
        call show_letter
        call count_token
{% else %}
        mark draw
        call show_letter
        call count_token
        mark advance
        call advance
        bcc letter
        mark draw
{% endif %}
        call settle_name
{% if target.apart %}
        call breathe
{% endif %}
        call continue_text
        bra next
rest:   mark rest
        call wait_pad
        call names_pad
        bcs begin
        lda names_made
        cmp #NAMES
        beq rest
        bra go_on
pressed:
        call take_pad
        call names_pad
        bcs begin
        bra letter
endproc

; A new list, with the current settings.
; kills: A, X, Y
proc begin_names, 16, 16
        call set_temperature
        lda temperature
        sta names_temperature
        lda seed
        sta names_seed
        call seed_random
        call draw_settings
        stz given_tokens
        stz names_page_number
        stz names_slot
        tail_call begin_page
endproc

; An empty page of names.
; kills: A, X, Y
proc begin_page, 16, 16
        mark page_start
        stz names_made
        stz tokens_made
        stz tokens_made + 2
        call clear_list
        tail_call draw_page_number
endproc

; The next page, in the next slot of `history`: the oldest one makes room.
; kills: A, X, Y
proc next_names_page, 16, 16
        inc names_page_number
        lda names_slot
        inc a
        cmp #HISTORY_PAGES
        bcc :+
        lda #0
:       sta names_slot
        tail_call begin_page
endproc

; Answer to what was pressed.
; in: A    out: carry = begin again with other settings    kills: A, X, Y
proc names_pad, 16, 16
        tay
        bit #PAD_X
        beq :+
        ldx names_made
        beq :+
        dex
        txa
        call keep_name          ; the newest
        call resume_name
        clc
        rts
:       tya
        bit #PAD_B | PAD_L | PAD_R
        beq :+
        call look_back
        clc
        rts
{% if target.apart %}
:       bit #PAD_START
        beq :+
        call next_pace
        call resume_name
        clc
        rts
:       bit #PAD_A
{% else %}
:       bit #PAD_A | PAD_START
{% endif %}
        beq :+
        lda names_made
        cmp #NAMES
        bne :+
        call next_names_page
        clc
        rts
:       tya
        tail_call change_settings
endproc

; Paused: L and R turn the pages, the cross moves the cursor, X keeps; A or B goes on.
; in: A = what brought us here    kills: A, X, Y
proc look_back, 16, 16
        pha
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        call draw_hints
        stz names_cursor
        ldx names_made
        beq :+
        dex
        stx names_cursor
:       pla
        and #PAD_L | PAD_R      ; these turn a page at once
        bra turn
look:   call wait_pad
        bit #PAD_A | PAD_B
        bne leave
        bit #PAD_X
        beq turn
        lda names_cursor
        call keep_name
        bra look
turn:   call move_in_names
        call draw_view
        bra look
leave:  call hide_pointer
        stz names_view
        call draw_names_hints
        call draw_view
        tail_call resume_name
hints:  .asciiz "PAUSED  A B go on   X keep"
hints_below: .asciiz "L R pages   cross chooses"
endproc

; The cursor, or the page looked at, by a press.
; in: A    kills: A, X, Y
proc move_in_names, 16, 16
        bit #PAD_L
        bne older
        bit #PAD_R
        bne newer
        bit #PAD_UP
        bne up
        bit #PAD_DOWN
        bne down
        bit #PAD_LEFT
        bne left
        bit #PAD_RIGHT
        beq done
        lda #NAME_ROWS
        bra move
up:     lda #.loword(-1)
        bra move
down:   lda #1
        bra move
left:   lda #.loword(-NAME_ROWS)
move:   clc
        adc names_cursor
        cmp #NAMES              ; also what is below zero
        bcs done
        sta names_cursor
done:   rts
older:  lda names_view
        inc a
        cmp #HISTORY_PAGES
        bcs done
        cmp names_page_number
        beq :+
        bcs done
:       sta names_view
        rts
newer:  lda names_view
        beq done
        dec names_view
        rts
endproc

; Keep a name of the page looked at, and say so.
; in: A = its number there    kills: A, X, Y
proc keep_name, 16, 16
        ldx names_view
        beq :+
        ldx #NAMES              ; older pages are full
        bra full
:       ldx names_made
full:   stx count
        cmp count
        bcs done
        pha
        call begin_status
        pla
        call find_entry
        call keep_entry
done:   rts
endproc

; kills: A, X, Y
proc draw_names_hints, 16, 16
        set names_cursor, NAMES
        ldx #.loword(hints)
        ldy #.loword(hints_below)
        tail_call draw_hints
hints:  .asciiz "A more B pause X keep Y sound"
{% if target.apart %}
hints_below: .asciiz "<>T ^vseed LR START pace SELECT"
{% else %}
hints_below: .asciiz "<> T  ^v seed  L R back SELECT"
{% endif %}
endproc

; The S-CPU's side of the SA-1: opening the cartridge, asking for tokens, and taking that back.

        .include "contract.inc"
        .include "sa1.inc"
        .include "config.inc"
        .include "memory.inc"
        .include "screen.inc"

HOLD    = $20                   ; of CCNT
PAUSE   = $40
STILL   = 32                    ; rounds of 36 clocks until the SA-1 has ended its instruction. In bsnes it may be 512
                                ; clocks ahead and in the midst of one, which a reset would turn into a wild jump
ANSWER  = $A55A                 ; not what an empty bus holds
MESSAGE_ROW = 10
BLOCKS  = 16                    ; of BW-RAM
LAST_WORD = BWRAM + BLOCKS * BLOCK_BYTES - 2
FIRST_MIB = 4                   ; of ROM behind banks $C0 to $FF: those before are seen as halves of banks

        .segment "CODE"

; ROM, BW-RAM and I-RAM as they are needed; what is no save becomes zero. The SA-1 is held meanwhile.
; kills: A, X, Y
proc open_cartridge, 16, 16
        a8
        lda #HOLD
        sta CCNT
        lda #FIRST_MIB
        ldx #0
:       sta CXB, x
        inc a
        inx
        cpx #4
        bne :-
        lda #VECTOR_BLOCK
        sta BMAPS
        lda #$80
        sta SBWE
        sta SIC                 ; a reset may have come between the SA-1's interrupt and its end: bsnes keeps it
        stz BWPA
        lda #$FF
        sta SIWP
        a16
        phb
        lda #0
        sta f:IRAM
        ldx #IRAM
        ldy #IRAM + 1
        lda #$0800 - 2
        mvn #$00, #$00
        lda #0
        sta f:BWRAM + SAVED_BYTES
        ldx #SAVED_BYTES
        ldy #SAVED_BYTES + 1
        lda #.loword($10000 - SAVED_BYTES - 2)
        mvn #$40, #$40
        lda #0
        sta f:BWRAM + $10000
        ldx #0
        ldy #1
        lda #$FFFE
        mvn #$41, #$41
        plb
        ldx #.loword(__ASLEEP_LOAD__)
        ldy #.loword(__ASLEEP_RUN__)
        lda #.loword(__ASLEEP_SIZE__ - 1)
        mvn #PROGRAM_BANK, #PROGRAM_BANK
        rts
endproc

; Where the chip is missing, say so for ever: its memory does not answer.
{% if shown_caches_apart %}
; Or where its last block is not shown in the window: Snes9x knows eight of them.
{% endif %}
; kills: A, X, Y
proc need_sa1, 16, 16
        set engine_task, ANSWER
        ldx engine_task
        stz engine_task
        cpx #ANSWER
        bne missing
        lda engine_task
        bne missing
{% if shown_caches_apart %}
        lda #ANSWER
        sta f:LAST_WORD
        ldx #BLOCKS - 1
        call show_block
        ldy WINDOW + BLOCK_BYTES - 2
        ldx #VECTOR_BLOCK
        call show_block
        lda #0
        sta f:LAST_WORD
        cpy #ANSWER
        bne missing
{% endif %}
        rts
missing:
        call choose_look
        call show_windows
        at MESSAGE_ROW, 1
        say INK_GOLD, needs
        at MESSAGE_ROW + 2, 1
        say INK_PAPER, has_not
        at MESSAGE_ROW + 3, 1
        say INK_PAPER, where
:       wai
        bra :-
{% if shown_caches_apart %}
needs:  .asciiz "This cartridge needs the SA-1"
has_not: .asciiz "with 128 KiB. This emulator"
where:  .asciiz "does not have it: README.md"
{% else %}
needs:  .asciiz "This cartridge needs the SA-1."
has_not: .asciiz "This machine or emulator does"
where:  .asciiz "not have that chip: README.md"
{% endif %}
endproc
{% if shown_caches_apart %}

; in: X = the block in the window    kills: A
proc show_block, 16, 16
        txa
        a8
        sta BMAPS
        a16
        rts
endproc
{% endif %}

; The SA-1 begins, and may interrupt.
; kills: A, X
proc start_sa1, 16, 16
        ldx #.loword(sa1_start)
        stx CRV
        a8
        lda #$80
        sta SIE
        stz CCNT
        a16
        rts
endproc

; The SA-1 begins a token; nothing that it depends on may change until it is made, or stopped.
; in: as sa1_make_token    kills: A
proc begin_token, 16, 16
        stz go_ahead
        set engine_task, TASK_TOKEN
        inc token_begun
        rts
endproc

; The SA-1 goes on, or has gone on already: the next position of the document, if there is one, and its token.
; From now on it need not be told.
; in: made_token, made_position    out: carry = the document is complete    kills: A
proc begin_next, 16, 16
        lda made_token
        cmp #TOKEN_BOS
        beq complete
        lda made_position
        inc a
        cmp #N_CONTEXT
        bcs complete
        lda engine_task
        bne begun
        lda position
        cmp made_position
        bne begun               ; that token is made already
        set engine_task, TASK_NEXT
begun:  set go_ahead, 1
        inc token_begun
        clc
        rts
complete:
        tail_call advance
endproc

; A token by the SA-1, this processor asleep meanwhile. One that is begun already becomes ready.
; in: as sa1_make_token    out: the same, made_token …    kills: A
proc make_token, 16, 16
        lda token_begun
        bne :+
        call begin_token
:       call asleep
        stz abandonable         ; while it is still ready: once it is taken, no press may take it back
        stz token_begun
        lda ready_token
        sta made_token
        lda ready_position
        sta made_position
        lda ready_weight
        sta made_weight
        lda ready_sum
        sta made_sum
        lda ready_sum + 2
        sta made_sum + 2
        stz token_ready
        inc tokens_made
        bne :+
        inc tokens_made + 2
:       rts
endproc

; The SA-1 forgets the token that it has begun, unless that is being chosen already, or one is ready.
; out: carry = it is    kills: A
proc stop_sa1, 16, 16
        call at_position
        a8
        lda #PAUSE
        sta CCNT
        lda #STILL
:       dec a
        bne :-
        lda committed
        ora token_ready
        bne done
        lda #HOLD
        sta CCNT
        stz engine_task
        stz engine_task + 1
        stz CCNT
        a16
        stz token_begun
        stz go_ahead
        clc
        rts
done:   stz CCNT
        a16
        sec
        rts
endproc

; This is copied to work RAM: no instruction comes from ROM while the SA-1 computes, which it would slow down.
        .segment "ASLEEP"

; Until the SA-1 is at the position of its token, if it is about to go there.
; kills: A
proc at_position, 16, 16
        lda engine_task
        cmp #TASK_NEXT
        beq at_position
        rts
endproc

; Until an interrupt: the SA-1's when a token is ready, and every picture's.
; out: A, zero flag = the task before it    kills: A
proc doze, 16, 16
        sei                     ; so that none comes between the look and the wait
        lda engine_task
        pha
        wai
        cli
        pla
        rts
endproc

; Until a token is ready: the SA-1's interrupt wakes, and every picture's.
; kills: A
proc asleep, 16, 16
        sei                     ; so that no interrupt comes between the look and the wait
        lda token_ready
        bne awake
        wai                     ; ends with an interrupt, though none is taken
        lda token_ready
        bne awake
        cli
        bra asleep
awake:  a8
        lda #$80
        sta SIC                 ; the SA-1's needs nothing else
        a16
        cli
        rts
endproc

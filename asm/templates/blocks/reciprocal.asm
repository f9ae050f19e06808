{% if block.long_sums %}
        cmp #RECIPROCALS
        bcs large
{% endif %}
        asl a
        tax
        lda f:reciprocal_table, x
{% if block.long_sums %}
        bra have
large:
{% if block.max_sums %}
        cmp #8 * RECIPROCALS
        bcs larger
{% endif %}
        lsr a
        lsr a
        and #$FFFE
        tax
        lda f:reciprocal_table, x
        lsr a
        lsr a
        lsr a
{% if block.max_sums %}
        bra have
larger: .repeat 5
        lsr a
        .endrepeat
        and #$FFFE
        tax
        lda f:reciprocal_table, x
        .repeat 6
        lsr a
        .endrepeat
{% endif %}
have:
{% endif %}

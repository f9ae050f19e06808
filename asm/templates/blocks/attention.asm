{% for head in range(config.n_head) %}
        ; head {{ loop.index }} of {{ config.n_head }}
        set n_bytes, 2 * HEAD_DIM
        set x_ptr, {{ block.query }} + {{ head }} * 2 * HEAD_DIM
        set_far w_ptr, {{ block.keys }} + {{ head }} * 2 * HEAD_DIM
        call attention_scores
        trace {{ block.trace_scores }} + {{ head }} * 2 * N_CONTEXT, scores, 2 * N_CONTEXT
        call softmax_weights
        trace {{ block.trace_weights }} + {{ head }} * 2 * N_CONTEXT, weights, 2 * N_CONTEXT
        set_far w_ptr, {{ block.values }} + {{ head }} * 2 * HEAD_DIM
        set_far y_ptr, {{ block.out }} + {{ head }} * 2 * HEAD_DIM
        call weighted_mean
{% endfor %}
        trace {{ block.trace }}, {{ block.out }}, KV_ROW

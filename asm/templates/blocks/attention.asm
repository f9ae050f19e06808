{% for kept in block.kept_weights %}
        ; head {{ loop.index }} of {{ config.n_head }}
        set n_bytes, 2 * HEAD_DIM
        set x_ptr, {{ block.query }} + {{ loop.index0 }} * 2 * HEAD_DIM
        set_far w_ptr, {{ block.keys }} + {{ loop.index0 }} * 2 * HEAD_DIM
        call attention_scores
        trace {{ block.trace_scores }} + {{ loop.index0 }} * 2 * N_CONTEXT, scores, 2 * N_CONTEXT
        call softmax_weights
        trace {{ block.trace_weights }} + {{ loop.index0 }} * 2 * N_CONTEXT, weights, 2 * N_CONTEXT
        keep_weights {{ kept }}
        set_far w_ptr, {{ block.values }} + {{ loop.index0 }} * 2 * HEAD_DIM
        set_far y_ptr, {{ block.out }} + {{ loop.index0 }} * 2 * HEAD_DIM
        call weighted_mean
{% endfor %}
        trace {{ block.trace }}, {{ block.out }}, KV_ROW

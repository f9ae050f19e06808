{% for kept in call.routine.kept_weights %}
        ; head {{ loop.index }} of {{ config.n_head }}
        set n_bytes, 2 * HEAD_DIM
        set x_ptr, {{ call.block.query }} + {{ loop.index0 }} * 2 * HEAD_DIM
        set_far w_ptr, {{ call.routine.keys }} + {{ loop.index0 }} * 2 * HEAD_DIM
        call attention_scores
        trace {{ call.routine.trace_scores }} + {{ loop.index0 }} * 2 * N_CONTEXT, scores, 2 * N_CONTEXT
        call softmax_weights
        trace {{ call.routine.trace_weights }} + {{ loop.index0 }} * 2 * N_CONTEXT, weights, 2 * N_CONTEXT
        keep_weights {{ kept }}, {{ call.block.layer }}
        set_far w_ptr, {{ call.routine.values }} + {{ loop.index0 }} * 2 * HEAD_DIM
        set_far y_ptr, {{ call.block.out }} + {{ loop.index0 }} * 2 * HEAD_DIM
        call weighted_mean
{% endfor %}
        trace {{ call.trace }}, {{ call.block.out }}, KV_ROW

        call_far clamp_residual

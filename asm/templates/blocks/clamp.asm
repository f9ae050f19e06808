        jsl clamp_residual

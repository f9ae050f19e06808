"""Which kernels and how many digits a model gets."""

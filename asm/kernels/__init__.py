"""The assembly of the kernels, one file a kernel."""

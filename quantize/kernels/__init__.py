"""The kernels: one file for each, with its integer meaning and its part of the range proof."""

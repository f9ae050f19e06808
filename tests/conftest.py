"""One BLAS thread a worker: the matrices are small, and the workers share two cores."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

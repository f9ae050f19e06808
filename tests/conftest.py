"""One BLAS thread a worker: the matrices are small, and the workers share two cores.

And Ctrl-C, for the tests of it: what a shell starts in the background is told to ignore it.
"""

import os
import signal

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)

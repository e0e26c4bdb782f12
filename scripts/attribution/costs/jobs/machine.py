"""What a job takes anywhere: memory of the libraries, and how fast a core, a GPU and a training go.

A cost is a triple: bytes beside Snakemake's own, seconds, operations (0 where one core is as good as several).
"""

from attribution.costs import stages as cost

MB = 10**6
PLAIN = 120 * MB  # Python with NumPy and h5py, measured
DRAWING = 300 * MB  # with Matplotlib and pandas, measured
TENSORFLOW = cost.INTERPRETER + 150 * MB  # the libraries and a compiled program, measured
CORE, DEVICE, MEMBERS = 1e10, 1e12, 5e9  # operations a second: of a core, of training on a GPU, of `ensemble` on a core
SINGLE = 8e10  # operations a second of a large float32 product on the cores that it asks for
STEP = 0.008  # seconds a gradient step takes at least

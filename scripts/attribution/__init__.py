"""Training-data attribution: gradients, Hessians, influence, groups. Import the modules, nothing is re-exported.

Importing it settles the environment (see `environment`), before Keras reads another one. Installed by pip it reads
results only, computes nothing and settles nothing.
"""

import os
import sys

from attribution.runtime import environment

if environment.KERAS_HOME.is_dir():
    environment.fix(os.environ)
    if hasattr(sys.modules.get("keras"), "config"):
        environment.fix_keras(sys.modules["keras"])

"""Training-data attribution: gradients, Hessians, influence, groups. Import the modules, nothing is re-exported.

Importing it settles the environment (see `environment`), before Keras reads another one.
"""

import os
import sys

from attribution.runtime import environment

environment.fix(os.environ)
if hasattr(sys.modules.get("keras"), "config"):
    environment.fix_keras(sys.modules["keras"])

"""InfEmbed's splitting rule for a growing group: its members are split until the part of the seed satisfies a rule.

InfEmbed-Rule (Wang et al. 2023, arXiv 2312.04712) splits points by k-means of their whitened gradients, and the parts
again, until a part satisfies a rule, there on its size and accuracy. A network is right about nearly all training
points, so that accuracy says nothing of them: the rule here is on what such parts are meant to have, coherence.
"""

import numpy as np
from sklearn.cluster import KMeans

# mean cosine of two members from which a part is whole; chosen on training seeds 0 to 4 of toy, toy-concentric and
# toy-overlapping
COHERENCE = 0.7
BRANCHES = 2  # parts of a split
RESTARTS = 10  # of k-means


def size(gram: np.ndarray, seed: int, coherence: float = COHERENCE) -> int:
    """Members of the part that holds the first one, once the mean cosine of two of its members is large enough.

    Args:
        gram: (size, size) inner products of the members at length one, in order of selection. seed: of k-means.
        coherence: see above.
    """
    values, directions = np.linalg.eigh(gram)
    vectors = directions * np.sqrt(np.maximum(values, 0))
    part = np.arange(len(gram))
    while gram[np.ix_(part, part)].mean() < coherence and len(np.unique(vectors[part], axis=0)) >= BRANCHES:
        labels = KMeans(BRANCHES, n_init=RESTARTS, random_state=seed).fit(vectors[part]).labels_
        part = part[labels == labels[0]]
    return len(part)

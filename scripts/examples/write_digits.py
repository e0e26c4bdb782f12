"""Write scikit-learn's digits as one's own data: python scripts/examples/write_digits.py FILE.npz"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def write_digits(path: str) -> None:
    """1797 images of 8 x 8 pixels in [0, 1], a quarter of each class for the test."""
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)
    x_train, x_test, y_train, y_test = train_test_split(images, digits.target, stratify=digits.target, random_state=0)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


if __name__ == "__main__":
    write_digits(*sys.argv[1:])

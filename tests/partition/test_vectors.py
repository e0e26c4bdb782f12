"""Vectors of points from a kernel, as they are and at length one."""

import numpy as np

from attribution.partition import kmeans, source, vectors


def test_vectors_of_a_kernel_have_its_products_and_at_length_one_its_cosines():
    rng = np.random.default_rng(0)
    own = rng.normal(size=(12, 3)) * rng.lognormal(sigma=3, size=(12, 1))
    kernel = own @ own.T
    found = source.of_kernel(kernel, False)
    np.testing.assert_allclose(found @ found.T, kernel, rtol=1e-6, atol=1e-9 * np.abs(kernel).max())
    unit = source.of_kernel(kernel, True)
    np.testing.assert_allclose(unit @ unit.T, vectors.normalised(own) @ vectors.normalised(own).T, atol=1e-9)
    assert unit.shape == (12, 3)
    labels = kmeans.partition(vectors.dense(unit), 3, 5, 50, 0).labels
    np.testing.assert_array_equal(labels, kmeans.partition(vectors.dense(vectors.normalised(own)), 3, 5, 50, 0).labels)


def test_a_vector_of_length_zero_has_cosines_of_zero_and_stays_where_it_is():
    own = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]])
    expected = [[1, 0, 0.8], [0, 0, 0], [0.8, 0, 1]]
    np.testing.assert_allclose(vectors.cosines(own @ own.T), expected)
    unit = source.of_kernel(own @ own.T, True)
    np.testing.assert_allclose(unit @ unit.T, expected, atol=1e-12)
    np.testing.assert_allclose(vectors.normalised(own) @ vectors.normalised(own).T, expected)

"""Forms in which one's own arrays are stored: npz, HDF5, folders, sparse matrices."""

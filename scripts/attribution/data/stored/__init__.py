"""Forms in which one's own arrays are stored beside npz and HDF5 files."""

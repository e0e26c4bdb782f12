"""Files: HDF5, atomic writes, digests, what each result file holds."""

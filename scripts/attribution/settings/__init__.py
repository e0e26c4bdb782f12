"""Settings: their check, texts, names, paths, defaults of data sets."""

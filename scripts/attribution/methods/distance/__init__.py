"""Methods from distances of embeddings, gradients or samples."""

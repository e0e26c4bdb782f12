"""Networks that train from scratch: one module an architecture, which `build` finds by the recipe's name for it.

Its `build` takes the input's shape, the number of outputs (1 for two classes, else the number of classes) and the
recipe, and gives a Keras model that ends in logits, see `layers.logits`. Backend-neutral Keras 3.
"""

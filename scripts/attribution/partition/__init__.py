"""The whole training set divided into functioning groups: k-means of what points are told apart by."""

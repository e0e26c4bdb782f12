"""Attribution methods: what gives a number to a training point, a pair of points, or a group."""

"""What the page of a run shows: chosen points, their maps, samples, sheets of groups and parts, and the page itself."""

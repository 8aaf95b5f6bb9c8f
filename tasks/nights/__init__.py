"""Past nights played again: a grid of cells, done ones told by evidence, the others in order."""

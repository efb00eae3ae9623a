"""tuiviz: a step-through debugger for backpropagation through time, in the terminal."""

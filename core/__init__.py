"""The engine of tuiviz: a recorded tape of a recurrent network, and its backward sweeps."""

"""What `minialex exercise start N` gives a reader to complete."""

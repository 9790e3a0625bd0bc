"""Training, saving and evaluating, killed at random moments."""

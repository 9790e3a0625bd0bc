"""What is timed or compared, and against what; every script prints its table."""

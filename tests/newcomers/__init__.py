"""What somebody who adds one of a kind does, and what has to work then without a change in any other file."""

"""Guided tours: steps as data, each a live state of a page, and the numbers that their sentences hold."""

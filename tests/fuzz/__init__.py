"""Fuzzers: hostile files and links, made by hypothesis, and what must hold for each of them."""

"""The only part of the dashboard that knows vampcore and torch: what comes out is NumPy arrays and plain records.

Every function takes a `Ref`, the name, content and folder of a checkpoint, and caches on it. Noise is drawn from a
generator of the call's own.
"""

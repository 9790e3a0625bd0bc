"""VampScope's dashboard: what the prior of a variational autoencoder has learned, in the browser."""

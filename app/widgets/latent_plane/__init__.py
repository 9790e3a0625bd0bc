"""The plane of the page Latent space: the region in view, its points, binned points, what is selected on it."""

"""The plane on which a latent space is looked at: its points, the window in view, binned points, selections."""

"""The pages of the app, by the names of their files."""

OF_A_MODEL = (
    "overview",
    "pseudo_inputs",
    "components",
    "edit_prior",
    "latent_space",
    "active_units",
    "compare",
    "likelihood",
)
ALL = ("tour", *OF_A_MODEL, "train")

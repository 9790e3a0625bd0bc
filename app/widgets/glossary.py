"""The field's words in two sentences each, behind small buttons under the sentence that uses them."""

import streamlit as st

TERMS = {
    "prior": "The distribution over latent points that a model assumes before it sees an image. New images are made by "
    "drawing points from it and decoding them.",
    "posterior": "Where the encoder places an image: a small cloud of latent points from which the decoder can rebuild "
    "it. The clouds of all test images together are the aggregated posterior, the dots of a map.",
    "nat": "The unit of a logarithm to the base e; 1 nat is 1.44 bits. A lead of 1 nat an image means that a model "
    "gives an image 2.7 times the probability, on geometric average.",
    "ELBO": "The evidence lower bound: how well an image is rebuilt, minus the KL divergence of its posterior from the "
    "prior. Training raises it, and log p(x) is never below it.",
    "log-likelihood": "log p(x), the logarithm of the probability that a model gives to a test image which it has not "
    "seen. Higher is better.",
    "responsibility": "p(k | z), the probability that a latent point z came from component k of the prior. For each "
    "point, the responsibilities of all components add up to one.",
    "active unit": "A latent dimension whose posterior mean changes with the image: its variance over the test images "
    "is above 0.01. The model ignores the other units.",
    "pseudo-input": "An image that is learned with the model; its posterior is one component of the VampPrior. It need "
    "not look like a real image, but its decoded mean usually does.",
    "worth": "What removing one component alone costs: the fall of the mean log p(x) of test images, in nats an image. "
    "Two components that cover the same images are worth little each, and much together.",
}


def glossary(*terms: str) -> None:
    """A small button for each of some terms, which opens its explanation."""
    with st.container(horizontal=True, gap="small"):
        for term in terms:
            with st.popover(f"{term[0].upper()}{term[1:]}?", type="tertiary", key=f"glossary_{term}"):
                st.markdown(TERMS[term])

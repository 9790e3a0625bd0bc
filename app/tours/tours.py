"""The two tours: six steps in three minutes, and ten with a question each."""

from app.tours import numbers
from app.tours.step import Step, Tour

FLAT = "mnist-2d"
DEEP = "static-mnist-40d"

SHORT = Tour(
    key="short",
    title="Six steps",
    about="For everybody: what a prior is, and whether a better one helps. Three minutes.",
    steps=(
        Step(
            key="autoencoder",
            title="What an autoencoder does",
            page="latent_space",
            model=(FLAT, "vamp"),
            query={"latent_means": "true"},
            words="The encoder turns an image of {pixels} pixels into two numbers, which place it on this map as a "
            "dot. The decoder turns any two numbers back into an image: choose any place on the map to see what it "
            "draws there.",
            numbers={"pixels": lambda: numbers.pixels(FLAT, "vamp")},
        ),
        Step(
            key="order",
            title="Similar images lie together",
            page="latent_space",
            model=(FLAT, "vamp"),
            query={"latent_means": "true"},
            words="The model was never told which digit an image shows, and yet {share} of {count} test images have "
            "an image of the same digit as their nearest neighbour. The colours show the digits; where colours mix, "
            "two numbers do not suffice to tell the digits apart.",
            numbers={
                "share": lambda: numbers.in_percent(numbers.same_class(numbers.ref(FLAT, "vamp"))),
                "count": lambda: f"{numbers.COUNTED:,}",
            },
        ),
        Step(
            key="prior",
            title="The prior says where images come from",
            page="latent_space",
            model=(FLAT, "sg"),
            words="To make a new image, the model draws a point from its prior, whose contours enclose 50, 80, 95 and "
            "99 % of it. The usual prior is one round cloud, and the dots of the images differ from it by {kl} nats "
            "an image (the marginal KL; 0 would be a perfect match).",
            numbers={"kl": lambda: numbers.in_nats(numbers.stored(FLAT, "sg", "marginal_kl").value, digits=2)},
        ),
        Step(
            key="mixture",
            title="A learned prior follows the images",
            page="pseudo_inputs",
            model=(FLAT, "vamp"),
            words="The VampPrior is a mixture of {components} components, and each component is what the encoder makes "
            "of one learned image, a pseudo-input. It follows the images more closely: {kl} nats instead of {other}.",
            numbers={
                "components": lambda: numbers.components(FLAT, "vamp"),
                "kl": lambda: numbers.in_nats(numbers.stored(FLAT, "vamp", "marginal_kl").value, digits=2),
                "other": lambda: numbers.in_nats(numbers.stored(FLAT, "sg", "marginal_kl").value, digits=2),
            },
        ),
        Step(
            key="samples",
            title="Three priors draw",
            page="compare",
            model=(FLAT, "vamp"),
            words="Every prior draws from the same random numbers, and its decoder turns each draw into an image. Grey "
            "pixels are pixels that the decoder is unsure about: {sg} of them with the standard normal, {mog} with "
            "the mixture of Gaussians, {vamp} with the VampPrior.",
            numbers={
                "sg": lambda: numbers.in_percent(numbers.unsure_pixels(numbers.ref(FLAT, "sg"))),
                "mog": lambda: numbers.in_percent(numbers.unsure_pixels(numbers.ref(FLAT, "mog"))),
                "vamp": lambda: numbers.in_percent(numbers.unsure_pixels(numbers.ref(FLAT, "vamp"))),
            },
        ),
        Step(
            key="winner",
            title="Who wins",
            page="",
            model=(FLAT, "vamp"),
            words="All priors are scored on the same {count} images and compared image by image. The result is that "
            "{verdict}.",
            numbers={
                "count": lambda: f"{numbers.difference(FLAT, 'vamp').n or 0:,}",
                "verdict": lambda: numbers.who_wins(FLAT),
            },
        ),
    ),
)

STUDENTS = Tour(
    key="students",
    title="Ten questions",
    about="For students: look, answer, then compare your answer with ours. Half an hour.",
    steps=(
        Step(
            key="latent",
            title="The latent space",
            page="latent_space",
            model=(FLAT, "vamp"),
            query={"latent_means": "true"},
            words="Each dot is the mean of q(z | x) for one test image. Choose several places, also between the "
            "colours and outside the dots.",
            question="The image changes smoothly as you move. Why does it look unlike any digit in some places?",
            answer="The decoder was trained only where the encoder puts images. Elsewhere it still has to draw "
            "something: it mixes what it draws nearby. With {dimensions} numbers for {pixels} pixels, groups of "
            "digits border on each other, so many places lie between two groups.",
            numbers={
                "pixels": lambda: numbers.pixels(FLAT, "vamp"),
                "dimensions": lambda: numbers.dimensions(FLAT, "vamp"),
            },
        ),
        Step(
            key="hardest",
            title="The ELBO of each image",
            page="latent_space",
            model=(FLAT, "vamp"),
            query={"latent_colour": "ELBO"},
            words="Now the colour is the ELBO of each image, a lower bound on log p(x). Light and dark dots lie in "
            "groups.",
            question="Which digit has the highest ELBO, and which the lowest? Guess before you look.",
            answer="The highest mean ELBO is that of the digit {best} ({high} nats), the lowest that of {worst} "
            "({low} nats). A digit that is written with few pixels, always in nearly the same way, is cheap to "
            "describe.",
            numbers={
                "best": lambda: numbers.elbo_by_class(FLAT, "vamp")[1][0],
                "high": lambda: numbers.in_nats(numbers.elbo_by_class(FLAT, "vamp")[1][1]),
                "worst": lambda: numbers.elbo_by_class(FLAT, "vamp")[0][0],
                "low": lambda: numbers.in_nats(numbers.elbo_by_class(FLAT, "vamp")[0][1]),
            },
        ),
        Step(
            key="cloud",
            title="The standard normal",
            page="latent_space",
            model=(FLAT, "sg"),
            words="The contours enclose 50, 80, 95 and 99 % of a standard normal prior. Each dot is now a sample of "
            "q(z | x), and the groups of digits crowd around the centre.",
            question="What keeps the encoder from placing the groups far apart, where it could tell them apart easily?",
            answer="The KL term of the ELBO: an image far outside costs more nats than it gains in reconstruction. So "
            "{share} of the test images lie inside the 99 % contour.",
            numbers={"share": lambda: numbers.in_percent(numbers.inside_99(FLAT))},
        ),
        Step(
            key="weights",
            title="A mixture of Gaussians",
            page="components",
            model=(FLAT, "mog"),
            words="This prior is a mixture of {components} Gaussians, learned together with the encoder and the "
            "decoder. The chart below compares the weight of each component with its use by the test images.",
            question="Weight and use nearly agree. What would the samples look like if they did not?",
            answer="The prior would draw often from components that no image uses, and rarely from some that many "
            "images use: samples in the wrong proportions. Here the two differ by {share} of the total weight.",
            numbers={
                "components": lambda: numbers.components(FLAT, "mog"),
                "share": lambda: numbers.in_percent(numbers.unused_weight(FLAT, "mog")),
            },
        ),
        Step(
            key="pseudo",
            title="Pseudo-inputs",
            page="pseudo_inputs",
            model=(FLAT, "vamp"),
            words="A component of the VampPrior is q(z | u) for a learned image u, a pseudo-input. The pseudo-inputs "
            "are much paler than digits, and yet their components decode to digits in full contrast.",
            question="The pseudo-inputs are trained. Why does nothing force them to look like digits?",
            answer="Only the encoder sees them, and only its two outputs, mean and variance, count in the ELBO. Many "
            "images lead to the same outputs, and training stops at one of them; {outside} of their pixels lie at or "
            "beyond black and white.",
            numbers={"outside": lambda: numbers.in_percent(numbers.outside(FLAT, "vamp"))},
        ),
        Step(
            key="temperature",
            title="Temperature",
            page="components",
            model=(FLAT, "vamp"),
            query={"components_temperature": "0"},
            words="Each row is one component, and temperature multiplies the noise within it. At 0 there is no noise.",
            question="What is the same in all columns now, and what changes when you raise the temperature to 1?",
            answer="At 0 every sample of a component is its mean, so all samples of a row are the same image. At 1 "
            "they are samples of the component: what changes along a row is what one component has learned to vary.",
        ),
        Step(
            key="active",
            title="Active units",
            page="active_units",
            model=(DEEP, "sg"),
            words="This model has {units} latent dimensions instead of two. A unit whose mean hardly changes from "
            "image to image carries no information.",
            question="Why does a model leave units unused, instead of describing the image better with them?",
            answer="A unit costs its KL, whatever it describes. With the standard normal {sg} units are worth their "
            "cost, with the mixture of Gaussians {mog}, with the VampPrior {vamp}.",
            numbers={
                "units": lambda: numbers.dimensions(DEEP, "sg"),
                "sg": lambda: numbers.active(DEEP, "sg"),
                "mog": lambda: numbers.active(DEEP, "mog"),
                "vamp": lambda: numbers.active(DEEP, "vamp"),
            },
        ),
        Step(
            key="dead",
            title="Unused components",
            page="components",
            model=(DEEP, "mog"),
            words="This mixture has {components} components in {units} dimensions. Many of them are not used by any "
            "test image.",
            question="How many components are dead, and does the VampPrior of the same size have as many?",
            answer="{mog} of {components} components are dead here, {vamp} with the VampPrior. A Gaussian far from all "
            "images gets almost no gradient and stays where it is. A pseudo-input always lands where the encoder puts "
            "images.",
            numbers={
                "components": lambda: numbers.components(DEEP, "mog"),
                "units": lambda: numbers.dimensions(DEEP, "mog"),
                "mog": lambda: numbers.dead(DEEP, "mog"),
                "vamp": lambda: numbers.dead(DEEP, "vamp"),
            },
        ),
        Step(
            key="paired",
            title="A difference and its error",
            page="compare",
            model=(DEEP, "vamp"),
            words="Look at the scores and their errors, then at the differences image by image. The errors of the "
            "differences are much smaller.",
            question="Why is a difference known more exactly than the two scores that it is the difference of?",
            answer="An image that is hard for one prior is hard for all, and this cancels in a difference of the same "
            "images. In the training shown, VampPrior minus standard normal is {paired} nats an image; with other "
            "images for each prior its error would be {unpaired}.",
            numbers={
                "paired": lambda: numbers.in_nats(*numbers.with_error(numbers.difference(DEEP, "vamp"))),
                "unpaired": lambda: numbers.in_nats(numbers.error_if_unpaired(DEEP, "vamp"), digits=2),
            },
        ),
        Step(
            key="verdict",
            title="Who wins",
            page="",
            model=(DEEP, "vamp"),
            words="In {units} dimensions, over {trainings} trainings: {verdict}. A higher log p(x) is better.",
            question="A newspaper writes: “Better priors make better images.” Which of that do these numbers show?",
            answer="They show that these models give the test images a higher probability. They do not say how good "
            "the samples look, nor what another architecture or data set would give.",
            numbers={
                "units": lambda: numbers.dimensions(DEEP, "vamp"),
                "trainings": lambda: numbers.trainings(DEEP),
                "verdict": lambda: numbers.who_wins(DEEP),
            },
        ),
    ),
)

TOURS = {tour.key: tour for tour in (SHORT, STUDENTS)}

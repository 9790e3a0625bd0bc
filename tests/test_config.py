import dataclasses
import json
import math

import pytest

from vampcore.config import (
    _LATER,
    CHOICES,
    Config,
    ConfigError,
    DataSpec,
    config_from_json,
    dumps,
    observation_from_json,
    to_json,
)
from vampcore.kinds import PRIORS

PLAIN = to_json(Config(data="digits", experiment="digits-2d"))
SEEN = {"shape": [1, 8, 8], "levels": 16, "classes": ["0", "1"]}


def refused(message: str):
    return pytest.raises(ConfigError, match=message)


def through_text(value):
    return json.loads(dumps(to_json(value)))


class TestConfig:
    def test_defaults_are_the_papers(self):
        config = Config(data="static_mnist", experiment="a")
        chosen = (config.hidden, config.layers, config.latent_dim, config.components, config.batch_size)
        assert chosen == (300, 2, 40, 500, 100)
        assert (config.learning_rate, config.warmup, config.patience, config.epochs) == (5e-4, 100, 50, 2000)

    def test_cannot_change(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            Config(data="digits", experiment="a").seed = 1

    def test_survives_json_whole(self):
        config = Config(
            data="folder:/some where/é",
            experiment="A.b_c-9",
            prior="vamp-weighted",
            components=7,
            latent_dim=2,
            hidden=5,
            layers=1,
            pseudo_inputs="kmeans",
            likelihood="logistic",
            objective="iwae",
            samples=5,
            warmup=0,
            patience=3,
            epochs=4,
            batch_size=6,
            learning_rate=1 / 3,
            decay=0.1,
            optimizer="adam-norm-grad",
            precision="bf16",
            seed=2**63 - 1,
            transforms=2,
            transform_hidden=9,
            neighbours=8,
            grow_from=3,
            grow_every=1,
        )
        only_one = {"posterior"}  # until there is a second one
        changed = [field for field in dataclasses.fields(Config)[3:] if field.name not in only_one]
        assert all(getattr(config, field.name) != field.default for field in changed)
        assert config_from_json(through_text(config)) == config
        assert config_from_json(to_json(config)) == config

    def test_a_whole_number_is_a_rate(self):
        config = config_from_json(PLAIN | {"decay": 1, "learning_rate": 1})
        assert (config.decay, type(config.decay), type(config.learning_rate)) == (1.0, float, float)

    @pytest.mark.parametrize("name", sorted(set(PLAIN) - set(_LATER)))
    def test_every_key_is_needed(self, name):
        with refused(f"key '{name}' is missing"):
            config_from_json({key: value for key, value in PLAIN.items() if key != name})

    @pytest.mark.parametrize("name", _LATER)
    def test_a_file_from_before_a_choice_has_its_default(self, name):
        fields = {key: value for key, value in to_json(Config("digits", "try")).items() if key != name}
        assert config_from_json(fields) == Config("digits", "try")

    def test_an_unknown_key_is_refused_with_the_hint(self):
        with refused("unknown key 'colour' in config.*Upgrade vampcore"):
            config_from_json(PLAIN | {"colour": 1})

    @pytest.mark.parametrize("fields", [None, [], "vamp", 3, [["data", "digits"]]])
    def test_what_is_no_object_is_refused(self, fields):
        with refused("must be a JSON object"):
            config_from_json(fields)

    @pytest.mark.parametrize("wrong", [None, True, "1", [1], {}, 2.5])
    @pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Config) if field.type is int])
    def test_a_count_is_a_whole_number(self, name, wrong):
        with refused(f"{name} is .*; it must be of type int"):
            config_from_json(PLAIN | {name: wrong})

    @pytest.mark.parametrize("wrong", [None, True, "0.1", [0.1]])
    @pytest.mark.parametrize("name", ["learning_rate", "decay"])
    def test_a_rate_is_a_number(self, name, wrong):
        with refused(f"{name} is .*; it must be of type float"):
            config_from_json(PLAIN | {name: wrong})

    @pytest.mark.parametrize("wrong", [None, True, 1, ["vamp"], {"vamp": 1}])
    @pytest.mark.parametrize("name", ["data", "experiment", *CHOICES])
    def test_a_name_is_text(self, name, wrong):
        with refused(f"{name} is .*; it must be of type str"):
            config_from_json(PLAIN | {name: wrong})

    @pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("name", ["learning_rate", "decay"])
    def test_a_rate_is_finite(self, name, wrong):
        with refused(f"{name} is .*; it must be finite"):
            config_from_json(PLAIN | {name: wrong})

    def test_a_number_beyond_floats_is_refused_in_a_short_line(self):
        with refused("learning_rate is 1000") as caught:
            config_from_json(PLAIN | {"learning_rate": 10**400})
        assert len(str(caught.value)) < 200

    @pytest.mark.parametrize("name", sorted(CHOICES))
    def test_another_choice_is_refused_and_the_choices_are_named(self, name):
        with refused(f"{name} is 'other'; choose one of {next(iter(CHOICES[name]))}"):
            Config(**PLAIN | {name: "other"})

    @pytest.mark.parametrize(
        ("name", "wrong"),
        [
            (name, wrong)
            for name in ("components", "latent_dim", "hidden", "layers", "samples", "patience", "epochs", "batch_size")
            for wrong in (0, -1)
        ]
        + [("learning_rate", 0.0), ("learning_rate", -1e-3)],
    )
    def test_what_must_be_positive(self, name, wrong):
        with refused(f"{name} is .*; it must be greater than 0"):
            Config(**PLAIN | {name: wrong})

    @pytest.mark.parametrize(
        ("name", "wrong"), [("warmup", -1), ("decay", -0.1), ("decay", 1.1), ("seed", -1), ("seed", 2**63)]
    )
    def test_ranges(self, name, wrong):
        with refused("warmup must be 0 or more, decay between 0 and 1, seed between"):
            Config(**PLAIN | {name: wrong})

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "a/b", "a\\b", "a b", "a\n", "-a", ".hidden", "é", "a" * 81, "../a"]
    )
    def test_an_experiment_is_the_name_of_a_folder(self, name):
        with refused("use letters, digits"):
            Config(data="digits", experiment=name)

    def test_samples_that_no_step_can_hold(self):
        Config(data="digits", experiment="a", objective="iwae", samples=1001)
        with refused("samples is 1001"):
            Config(data="digits", experiment="a", samples=1001)
        with refused("samples is 10001"):
            Config(data="digits", experiment="a", objective="iwae", samples=10_001)

    @pytest.mark.parametrize(("name", "most"), [("epochs", 100_000), ("hidden", 16_384), ("latent_dim", 16_384)])
    def test_sizes_have_a_limit(self, name, most):
        with refused(f"{name} is {most + 1}; a run has {most} at most"):
            Config(**PLAIN | {name: most + 1})
        assert getattr(Config(**PLAIN | {name: most}), name) == most

    @pytest.mark.parametrize("fields", [{"hidden": True}, {"prior": "a\nb"}, {"experiment": "a\nb"}, {"epochs": 0}])
    def test_a_refusal_is_one_line(self, fields):
        with pytest.raises(ConfigError) as caught:
            Config(**PLAIN | fields)
        assert "\n" not in str(caught.value)


class TestFlows:
    @pytest.mark.parametrize("posterior", ["nf", "iaf"])
    @pytest.mark.parametrize("prior", ["mog", "vamp", "vamp-weighted", "vamp-data", "realnvp"])
    def test_a_flow_posterior_takes_the_standard_normal_alone(self, posterior, prior):
        with refused(f"prior is '{prior}' and posterior is '{posterior}'.*use --prior sg"):
            Config(data="digits", experiment="a", prior=prior, posterior=posterior)
        assert Config(data="digits", experiment="a", prior="sg", posterior=posterior).has_flow

    @pytest.mark.parametrize("chosen", [{"prior": "realnvp"}, {"prior": "sg", "posterior": "nf"}])
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"latent_dim": 1}, "use --latent-dim 2 or more"),
            ({"latent_dim": 513}, "latent_dim is 513; a flow takes 512 at most"),
            ({"transforms": 33}, "transforms is 33; a flow takes 32 at most"),
            ({"transform_hidden": 513}, "transform_hidden is 513; a flow takes 512 at most"),
        ],
    )
    def test_sizes(self, chosen, wrong, message):
        with refused(message):
            Config(data="digits", experiment="a", **chosen, **wrong)
        Config(data="digits", experiment="a", prior="vamp", **wrong)

    @pytest.mark.parametrize("largest", [{"latent_dim": 512}, {"transforms": 32}, {"transform_hidden": 512}])
    def test_the_largest_sizes_are_taken(self, largest):
        assert Config(data="digits", experiment="a", prior="realnvp", **largest).has_flow

    def test_components(self):
        known = {prior: Config(data="digits", experiment="a", prior=prior).prior_components for prior in PRIORS}
        assert known == dict.fromkeys(PRIORS, 500) | {"sg": 1, "realnvp": 0}


class TestObservation:
    def test_survives_json_whole(self):
        seen = DataSpec((3, 28, 20), 255, ("a", "ü"))
        assert observation_from_json(through_text(seen)) == seen
        assert observation_from_json(to_json(seen)) == seen

    def test_without_classes(self):
        assert observation_from_json(through_text(DataSpec((1, 2, 2), 1))).classes == ()

    @pytest.mark.parametrize(
        "fields",
        [
            {"shape": wrong}
            for wrong in (
                [1, 8],
                [1, 8, 8, 1],
                [],
                [1, 8, 0],
                [1, -8, 8],
                [1, 8.0, 8],
                [True, 8, 8],
                ["1", 8, 8],
                [1, 8, 4097],
                [1, 8, None],
                [1, 8, math.nan],
            )
        ]
        + [{"levels": wrong} for wrong in (0, -1, True, 1.0, "16", None, 5000)],
    )
    def test_sizes_that_cannot_be(self, fields):
        with refused("cannot be"):
            observation_from_json(SEEN | fields)

    @pytest.mark.parametrize("channels", [2, 4])
    def test_channels_that_no_page_draws_are_refused(self, channels):
        with refused(f"an observation has {channels} channels; images have 1 .grey. or 3 .colour."):
            observation_from_json(SEEN | {"shape": [channels, 8, 8]})

    @pytest.mark.parametrize(
        "fields", [{"shape": 8}, {"shape": "188"}, {"shape": None}, {"classes": "01"}, {"classes": {}}]
    )
    def test_lists_are_lists(self, fields):
        with refused("must be lists"):
            observation_from_json(SEEN | fields)

    def test_classes_are_names(self):
        with refused("list of names"):
            observation_from_json(SEEN | {"classes": ["0", 1]})

    @pytest.mark.parametrize("name", sorted(SEEN))
    def test_every_key_is_needed(self, name):
        with refused(f"key '{name}' is missing in observation"):
            observation_from_json({key: value for key, value in SEEN.items() if key != name})

    def test_an_unknown_key_is_refused(self):
        with refused("unknown key 'mean' in observation"):
            observation_from_json(SEEN | {"mean": 0.5})


@pytest.mark.parametrize("value", [math.nan, math.inf, [1, {"a": -math.inf}]])
def test_json_never_holds_what_json_cannot(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(value)

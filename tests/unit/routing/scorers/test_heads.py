import numpy as np

from routeiq.routing.scorers import EnsembleScorer, Estimate, StaticCost, StaticScorer

TWO = np.zeros((2, 4), np.float32)


class Fixed:
    """A scorer with a given answer."""

    def __init__(self, estimate):
        self._estimate = estimate

    def score(self, embeddings, features):
        return self._estimate


def test_static_gives_every_prompt_the_means():
    found = StaticScorer(np.array([0.2, 0.8])).score(TWO, TWO)
    np.testing.assert_allclose(found.quality, [[0.2, 0.8], [0.2, 0.8]])
    assert found.domain_share is None


def test_static_cost_gives_every_prompt_the_means():
    np.testing.assert_allclose(StaticCost(np.array([0.1, 0.3])).cost_usd(TWO, TWO), [[0.1, 0.3]] * 2)


def test_an_ensemble_weighs_its_parts():
    parts = {"mean": StaticScorer(np.array([0.0, 1.0])), "knn": StaticScorer(np.array([1.0, 0.0]))}
    found = EnsembleScorer(parts, {"mean": 0.25, "knn": 0.75}).score(TWO, TWO)
    np.testing.assert_allclose(found.quality, [[0.75, 0.25]] * 2)


def test_a_part_of_no_weight_still_gives_its_domain_share_and_cost():
    quality, share, cost = np.ones((2, 2)), np.full((2, 3), 1 / 3), np.full((2, 2), 0.5)
    parts = {"mean": StaticScorer(np.array([0.1, 0.2])), "knn": Fixed(Estimate(quality, share, np.ones(2), cost))}
    found = EnsembleScorer(parts, {"mean": 1.0}).score(TWO, TWO)
    np.testing.assert_allclose(found.quality, [[0.1, 0.2]] * 2, rtol=1e-6)
    assert found.domain_share is share
    assert found.cost_usd is cost

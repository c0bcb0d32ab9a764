"""Every head's graph computes what its fitting code computes: the same numbers, hence the same choices."""

import numpy as np
import pytest

from routeiq.routing.scorers import Graph, graph_outputs
from routeiq.routing.training.cost_head import CostHead
from routeiq.routing.training.design import Design
from routeiq.routing.training.domain_head import DomainHead, domain_means
from routeiq.routing.training.heads import cross_fit, fit, head_names
from routeiq.routing.training.knn_head import KnnHead
from routeiq.routing.training.mlp_head import MlpHead
from routeiq.routing.training.rows import Label
from routeiq.routing.training.table import build_table

TOPICS = ("code", "maths", "trivia")
CENTRES = np.random.default_rng(7).standard_normal((3, 8))


def world(count, *, missing=0.0, domains=TOPICS, seed=0):
    """A table, embeddings near one centre a topic, and features; model `a` knows code, `b` the rest."""
    random = np.random.default_rng(seed)
    labels = []
    for number in range(count):
        topic = number % 3
        for model, known in (("a", topic == 0), ("b", topic != 0)):
            if number > 6 and random.random() < missing:
                continue
            score, cost = float(random.random() < (0.9 if known else 0.2)), (topic + 1) * (1.0 if model == "a" else 4.0)
            split = "val" if number % 5 == 4 else "train"
            labels.append(Label(f"{number:04}", model, score, cost, domains[topic] if domains else None, split))
    table = build_table(labels)
    topics = [int(prompt) % 3 for prompt in table.prompts]
    embeddings = CENTRES[topics] + 0.3 * random.standard_normal((len(topics), 8))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return table, embeddings.astype(np.float32), random.random((len(topics), 3)).astype(np.float32)


def run(name, head, design, table, embeddings, features):
    content = head.graph(design)
    assert content == head.graph(design)
    outputs = graph_outputs(name, len(table.models), len(table.domains))
    return Graph(name, content, {"embedding": 8, "features": 3}, outputs).run(embeddings, features)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_graphs_equal_the_fitting_code(missing):
    table, embeddings, features = world(300, missing=missing)
    design = Design.fit(embeddings, features)
    inputs = design.apply(embeddings, features)
    heads = {
        "domain": DomainHead.fit(inputs, table),
        "knn": KnnHead.fit(inputs, table),
        "mlp": MlpHead.fit(inputs, table, ~table.train, seed=1),
    }
    found = {name: run(name, head, design, table, embeddings, features) for name, head in heads.items()}
    for name, head in heads.items():
        np.testing.assert_allclose(found[name]["quality"], head.predict(inputs), atol=1e-5)
    np.testing.assert_allclose(found["domain"]["share"], heads["domain"].share(inputs), atol=1e-5)
    np.testing.assert_allclose(found["knn"]["cost"], heads["knn"].predict_cost(inputs), rtol=1e-4)
    np.testing.assert_allclose(found["knn"]["similarity"], 1, atol=2e-3)
    costs = CostHead.fit(inputs, table)
    found_cost = run("cost", costs, design, table, embeddings, features)["cost"]
    np.testing.assert_allclose(found_cost, costs.predict(inputs), rtol=1e-4)


@pytest.mark.parametrize("name", ["domain", "knn", "mlp"])
def test_a_head_learns_who_knows_what(name):
    table, embeddings, features = world(1500)
    inputs = Design.fit(embeddings, features).apply(embeddings, features)
    quality = fit(inputs, table, [name], seed=0).heads[name].predict(inputs)
    code = table.domain == table.domains.index("code")
    assert (quality[code].argmax(axis=1) == 0).mean() > 0.95
    assert (quality[~code].argmax(axis=1) == 1).mean() > 0.95


def test_costs_follow_the_prompt():
    table, embeddings, features = world(300)
    inputs = Design.fit(embeddings, features).apply(embeddings, features)
    predicted = fit(inputs, table, ["knn"], seed=0).predict_cost(inputs)
    assert np.abs(predicted / table.cost_usd - 1).mean() < 0.2


def test_training_twice_gives_the_same_network():
    table, embeddings, features = world(200)
    inputs = Design.fit(embeddings, features).apply(embeddings, features)
    one, other = (MlpHead.fit(inputs, table, ~table.train, seed=3) for _ in range(2))
    for layer, same in zip(one.layers, other.layers, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(layer, same, strict=True))


def test_without_domains_the_network_and_the_neighbours_still_fit():
    table, embeddings, features = world(1500, domains=None)
    assert head_names(table, "auto") == ["knn", "mlp"]
    inputs = Design.fit(embeddings, features).apply(embeddings, features)
    parts = fit(inputs, table, ["knn", "mlp"], seed=0).predict(inputs)
    assert all(np.isfinite(part).all() for part in parts.values())


@pytest.mark.parametrize("domains", [("one", "one", "one"), ("one", "two", "two")])
def test_one_or_two_domains_are_enough(domains):
    table, embeddings, features = world(90, domains=domains)
    inputs = Design.fit(embeddings, features).apply(embeddings, features)
    head = DomainHead.fit(inputs, table)
    np.testing.assert_allclose(head.share(inputs).sum(axis=1), 1)
    if len(table.domains) == 2:
        assert (head.share(inputs).argmax(axis=1) == table.domain).mean() > 0.95


def test_few_labels_leave_a_domain_near_the_models_mean():
    labels = [Label(str(number), "a", 0.0, None, "common", "train") for number in range(99)]
    means = domain_means(build_table([*labels, Label("x", "a", 1.0, None, "rare", "train")]))
    np.testing.assert_allclose(means[:, 0], [0.1 / 109, 1.1 / 11], rtol=1e-6)


@pytest.mark.parametrize(
    ("prompts", "strategy", "names"),
    [
        (150, "auto", ["domain"]),
        (300, "auto", ["domain", "knn"]),
        (1500, "auto", ["domain", "knn", "mlp"]),
        (1500, "ensemble", ["domain", "knn", "mlp"]),
        (1500, "knn", ["knn"]),
        (150, "mlp", []),
        (1500, "static", []),
    ],
)
def test_heads_come_with_the_data(prompts, strategy, names):
    assert head_names(world(prompts)[0], strategy) == names


def test_cross_fitting_never_predicts_a_prompt_from_itself():
    table, embeddings, features = world(60)
    ticks = []
    unseen = cross_fit(embeddings, features, table, ["knn"], 0, lambda: ticks.append(1))
    assert np.isfinite(unseen.parts["knn"][table.train]).all()
    assert np.isnan(unseen.parts["knn"][~table.train]).all()
    assert len(ticks) == 4
    seen = fit(Design.fit(embeddings, features).apply(embeddings, features), table, ["knn"], 0)
    error = np.abs(unseen.parts["knn"] - table.quality)[table.train].mean()
    own = np.abs(
        seen.heads["knn"].predict(Design.fit(embeddings, features).apply(embeddings, features)) - table.quality
    )
    assert error > own[table.train].mean()


def test_a_fold_with_a_models_only_label_is_left_out():
    labels = [Label(str(number), "a", 0.5, None, None, "train") for number in range(12)]
    table = build_table([*labels, Label("only", "b", 1.0, None, None, "train")])
    random = np.random.default_rng(0)
    unseen = cross_fit(random.random((13, 8), np.float32), random.random((13, 3), np.float32), table, [], 0, list)
    assert np.isnan(unseen.cost[table.prompts.index("only")]).all()

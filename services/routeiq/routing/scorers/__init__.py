"""Embedding and features to predicted quality and cost per model."""

from routeiq.routing.scorers.graph import Graph, GraphInvalid
from routeiq.routing.scorers.heads import (
    MEAN,
    CostHead,
    EnsembleScorer,
    GraphScorer,
    HeadName,
    StaticCost,
    StaticScorer,
    graph_outputs,
)
from routeiq.routing.scorers.scorer import Estimate, FloatArray, Scorer, Scores

__all__ = [
    "MEAN",
    "CostHead",
    "EnsembleScorer",
    "Estimate",
    "FloatArray",
    "Graph",
    "GraphInvalid",
    "GraphScorer",
    "HeadName",
    "Scorer",
    "Scores",
    "StaticCost",
    "StaticScorer",
    "graph_outputs",
]

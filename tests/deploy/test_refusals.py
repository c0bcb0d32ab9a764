"""What would start, and then lose or miscount something, is refused with its reason; and so is what is misspelt."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.chart import CHART, Refused, template

NO_REDIS = "bundled: { redis: { enabled: false } }"
S3 = "config: { source: s3, s3: { bucket: b, key: k } }"
UNSAFE = {
    "several gateways that each count alone": (
        f"services: {{ gateway: {{ replicas: 2 }} }}\n{NO_REDIS}",
        r"2 gateways without Redis would each count for themselves",
    ),
    "as many, by an autoscaler": (
        f"services: {{ gateway: {{ autoscaling: {{ enabled: true }} }} }}\n{NO_REDIS}",
        r"10 gateways without Redis would each count for themselves",
    ),
    "as many, by KEDA": (
        f"services: {{ gateway: {{ keda: {{ enabled: true, triggers: [{{ type: cpu }}] }} }} }}\n{NO_REDIS}",
        r"10 gateways without Redis would each count for themselves",
    ),
    "several controls on SQLite": (
        "services: { control: { replicas: 2, env: { ROUTEIQ_CONTROL_DATABASE_URL: 'sqlite:////tmp/a.db' } } }\n"
        "bundled: { postgres: { enabled: false } }",
        r"several controls on SQLite would each have a database of their own",
    ),
    "control without a database": (
        "bundled: { postgres: { enabled: false } }",
        r"control keeps keys, teams and usage in a database, and there is none",
    ),
    "a service outside that only the others call": (
        "services: { control: { service: { type: LoadBalancer } } }",
        r"services\.control\.service\.type=LoadBalancer would offer outside",
    ),
    "two servers for one purpose": (
        "redis: { existingSecret: mine }",
        r"redis\.existingSecret names a server, and bundled\.redis\.enabled starts another",
    ),
    "config-sync without NATS": (
        "bundled: { nats: { enabled: false } }",
        r"config-sync tells everybody over NATS, and there is none",
    ),
    "several config-syncs that all lead": (
        "config: { election: none }\nservices: { config-sync: { replicas: 2 } }",
        r"several config-syncs without an election would all roll out",
    ),
    "a source that nobody reads": (
        f"{S3}\nservices: {{ config-sync: {{ enabled: false }} }}",
        r"config\.source=s3 is read by config-sync, which is not enabled",
    ),
    "a bucket without a name": (
        "config: { source: gcs, gcs: { bucket: b } }",
        r"config\.source=gcs needs config\.gcs\.bucket and config\.gcs\.key",
    ),
    "a document that nobody reads": (
        "config: { existingConfigMap: mine, document: { model_list: [] } }",
        r"config\.document would not be read",
    ),
    "a provider's key that is nowhere": (
        "providers: { env: [{ name: OPENAI_API_KEY }] }",
        r"providers\.env: OPENAI_API_KEY is in no Secret",
    ),
    "a journal on no claim": ("journal: { storage: existingClaim }", r"journal\.storage=existingClaim needs"),
    "a journal without room": ("journal: { size: 19Mi }", r"journal\.size=19Mi has no room for a journal"),
    "a drain of its own": (
        "services: { gateway: { env: { ROUTEIQ_GATEWAY_DRAIN_S: 600 } } }",
        r"services\.gateway: ROUTEIQ_GATEWAY_DRAIN_S would not fit .*: set drain\.maxStreamSeconds",
    ),
    "a delay of its own, in any way": (
        "services: { gateway: { extraEnv: [{ name: ROUTEIQ_GATEWAY_DRAIN_DELAY_S, value: '60' }] } }",
        r"services\.gateway: ROUTEIQ_GATEWAY_DRAIN_DELAY_S would not fit",
    ),
    "a drain of its own for all": (
        "defaults: { env: { ROUTEIQ_DRAIN_TIMEOUT_SECONDS: 600 } }",
        r"services\.gateway: ROUTEIQ_DRAIN_TIMEOUT_SECONDS would not fit",
    ),
    "a variable twice": (
        "services: { routing: { extraEnv: [{ name: A, value: x }, { name: A, value: y }] } }",
        r"services\.routing\.extraEnv has A twice",
    ),
    "a key for everybody to read": (
        "services: { gateway: { env: { LITELLM_MASTER_KEY: sk-plain } } }",
        r"services\.gateway: LITELLM_MASTER_KEY is a secret, .*: put it into the Secret rq-routeiq-keys",
    ),
    "the same by the other list": (
        "services: { control: { extraEnv: [{ name: ROUTEIQ_ENCRYPTION_KEY, value: plain }] } }",
        r"services\.control: ROUTEIQ_ENCRYPTION_KEY is a secret",
    ),
    "an address with its password": (
        "services: { gateway: { env: { ROUTEIQ_GATEWAY_REDIS_URL: 'redis://:p@h:1' } } }\n"
        "redis: { existingSecret: mine }\nbundled: { redis: { enabled: false } }",
        r"services\.gateway: ROUTEIQ_GATEWAY_REDIS_URL is a secret, .* into the Secret mine",
    ),
    "a provider's key for everybody to read": (
        "providers: { existingSecret: p, env: [{ name: A_KEY }] }\nservices: { control: { env: { A_KEY: plain } } }",
        r"services\.control: A_KEY is a secret",
    ),
    "gateways without routing": (
        "services: { routing: { enabled: false } }",
        r"services\.routing\.enabled=false leaves gateways without anybody who decides",
    ),
    "a volume of the chart's own": (
        "services: { gateway: { extraVolumes: [{ name: journal, emptyDir: {} }] } }",
        r"services\.gateway\.extraVolumes: journal is a volume of the chart's own",
    ),
    "a mount of no volume": (
        "services: { gateway: { extraVolumeMounts: [{ name: ca, mountPath: /ca }] } }",
        r"services\.gateway\.extraVolumeMounts: ca is none of its extraVolumes",
    ),
    "what a Service of its type has not": (
        "services: { gateway: { service: { type: NodePort, loadBalancerClass: x } } }",
        r"services\.gateway\.service\.loadBalancerClass says nothing of type NodePort",
    ),
    "a service of nothing": (
        "services: { gateway: null }",
        r"services\.gateway is null: to have none, set .*enabled=false",
    ),
    "two who set the number of pods": (
        "services: { routing: { autoscaling: { enabled: true }, keda: { enabled: true, triggers: [{ type: cpu }] } } }",
        r"services\.routing: autoscaling and keda would both set the number of pods",
    ),
    "a grace shorter than the drain": (
        "services: { gateway: { terminationGracePeriodSeconds: 60 } }",
        r"services\.gateway\.terminationGracePeriodSeconds=60 is shorter than the drain, which takes 145 s",
    ),
    "a grace shorter than another service's end": (
        "services: { control: { terminationGracePeriodSeconds: 20 } }",
        r"services\.control\.terminationGracePeriodSeconds=20 is shorter",
    ),
    "no service account": (
        "services: { routing: { serviceAccount: { create: false } } }",
        r"services\.routing\.serviceAccount: name the one to use",
    ),
    "CPU that is measured against nothing": (
        "services: { a2a-registry: { autoscaling: { enabled: true } } }\n"
        "defaults: { resources: { requests: { cpu: null } } }",
        r"services\.a2a-registry\.autoscaling measures CPU by what is requested",
    ),
    "a range that is none": (
        "services: { routing: { autoscaling: { enabled: true, minReplicas: 4, maxReplicas: 3 } } }",
        r"services\.routing: maxReplicas=3 is less than minReplicas=4",
    ),
    "KEDA that measures nothing": (
        "services: { routing: { keda: { enabled: true } } }",
        r"services\.routing\.keda has no triggers",
    ),
    "an ExternalSecret for a Secret that a job makes": (
        "externalSecret: { enabled: true }",
        r"externalSecret makes the Secret that secrets\.existingSecret names",
    ),
    "an ExternalSecret of nothing": (
        "externalSecret: { enabled: true }\nsecrets: { existingSecret: keys }",
        r"externalSecret needs secretStoreRef\.name and data",
    ),
    "names that begin with a digit": (
        "fullnameOverride: 1rq",
        r'names would begin with "1", and Kubernetes wants a letter there',
    ),
    "labels that select": (
        "commonLabels: { app.kubernetes.io/component: mine }",
        r"commonLabels: app\.kubernetes\.io/component is the chart's own label",
    ),
    "labels of pods that select": (
        "defaults: { podLabels: { app.kubernetes.io/name: mine } }",
        r"services\.gateway\.podLabels: app\.kubernetes\.io/name is the chart's own label",
    ),
    "a route of no Gateway": (
        "httpRoute: { enabled: true }",
        r"httpRoute\.parentRefs names no Gateway",
    ),
}
FREE = {
    "commonLabels", "commonAnnotations", "image.digests", "config.document", "config.publicKeys", "env",
    "podAnnotations", "podLabels", "nodeSelector", "affinity", "annotations", "labels", "secretStoreRef",
    "namespaceSelector", "matchLabels",
}  # fmt: skip
"""Mappings whose keys are the operator's, or Kubernetes' own."""
FAIL = re.compile(r'fail \(?(?:printf )?"((?:[^"\\]|\\.)*)"')


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_combination_is_refused_with_its_reason(case: str) -> None:
    values, reason = UNSAFE[case]
    assert re.search(reason, _said(values))


def test_each_refusal_of_the_chart_is_tried() -> None:
    templates = [file.read_text() for file in CHART.rglob("templates/**/*") if file.is_file()]
    reasons = [reason for text in templates for reason in FAIL.findall(text)]
    tried = [_said(values) for values, _ in UNSAFE.values()]
    assert len(reasons) > 15
    assert [reason for reason in reasons if not any(_pattern(reason).search(said) for said in tried)] == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ("surprise: 1", "surprise"),
        ("services: { gatway: { replicas: 2 } }", "gatway"),
        ("services: { gateway: { replica: 2 } }", "replica"),
        ("bundled: { postgres: { image: postgres } }", "image"),
        ("bundled: { nats: { image: docker.io/library/nats:latest } }", "image"),
        ("bundled: { redis: { runAsUser: 0 } }", "runAsUser"),
        ("networkPolicy: { ingressFrom: [{ namespaceSelctor: {} }] }", "namespaceSelctor"),
        ("networkPolicy: { egress: { ports: [70000] } }", "maximum: got 70,?000"),
        ("networkPolicy: { egress: { metadataCIDRs: null } }", "missing property 'metadataCIDRs'"),
        ("defaults: { podDisruptionBudget: { maxUnavailable: 0 } }", "minimum: got 0, want 1"),
        ("defaults: { podDisruptionBudget: { maxUnavailable: 0% } }", "does not match pattern"),
        ("services: { control: { podDisruptionBudget: { maxUnavailable: foo } } }", "does not match pattern"),
        ("defaults: { extraVolumes: [{ name: a, hostPath: { path: /etc } }] }", "'not' failed"),
        ("apiPort: 4000", "'not' failed"),
        ("drain: { maxStreamSeconds: 0 }", "minimum: got 0, want 1"),
        ("image: { digests: { gateway: latest } }", "does not match pattern"),
        ("config: { source: git }", "must be one of"),
        ("services: { gateway: { env: { 'no name': 1 } } }", "does not match pattern"),
    ],
)
def test_a_value_that_the_chart_does_not_know_is_refused(values: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        template("default", values=values)


def test_a_control_on_sqlite_is_let_be() -> None:
    url = "services: { control: { env: { ROUTEIQ_CONTROL_DATABASE_URL: 'sqlite:////x/y.db' } } }"
    assert "sqlite:////x/y.db" in template("default", values=f"{url}\nbundled: {{ postgres: {{ enabled: false }} }}")


def test_routing_may_be_elsewhere() -> None:
    address = "services: { gateway: { env: { ROUTEIQ_GATEWAY_ROUTING_ADDRESS: 'routing.ai:50051' } },"
    rendered = template("default", values=f"{address} routing: {{ enabled: false }} }}")
    assert "routing.ai:50051" in rendered
    assert "routing-headless" not in rendered


def test_no_mapping_of_the_values_takes_a_surprise() -> None:
    """The schema is closed everywhere, but for what is the operator's own."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    jsonschema.validate(values, schema)
    places = [path for path in _mappings(values) if not _is_free(path)]
    assert len(places) > 50
    assert [".".join(path) for path in places if _takes(_with_surprise(values, path), schema)] == []


def _takes(values: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    return jsonschema.validators.validator_for(schema)(schema).is_valid(values)


def _mappings(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _mappings(value, (*path, name))


def _is_free(path: tuple[str, ...]) -> bool:
    return any(path[-1] == one or ".".join(path).startswith(one) for one in FREE) if path else False


def _with_surprise(values: Any, path: tuple[str, ...]) -> Any:
    if not path:
        return {**values, "surprise": 1}
    return {**values, path[0]: _with_surprise(values[path[0]], path[1:])}


@functools.cache
def _said(values: str) -> str:
    """Empty: it rendered."""
    try:
        template("default", values=values)
    except Refused as refused:
        return str(refused)
    return ""


def _pattern(reason: str) -> re.Pattern[str]:
    """Of a message with places for texts and numbers."""
    return re.compile(re.sub(r"%[sd]", ".+", re.escape(reason).replace(r"\%", "%")))

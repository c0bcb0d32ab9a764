"""Keys and schema: made before who needs them, whichever way the release comes into the cluster."""

from __future__ import annotations

import pytest

from tests.support.chart import CHART, COMPONENT, Object, Rendering, read, rendering, template

EXTERNAL = "bundled: { postgres: { enabled: false } }\npostgres: { existingSecret: mine }"
BROUGHT = (
    "bundled: { postgres: { enabled: false } }\npostgres: { existingSecret: brought }\n"
    "secrets: { existingSecret: brought }\n"
    "externalSecret: { enabled: true, secretStoreRef: { name: s }, data: [{ secretKey: url, remoteRef: { key: k } }] }"
)
HOOK, WEIGHT = "helm.sh/hook", "helm.sh/hook-weight"


def rendered(*options: str, values: str = "") -> Rendering:
    return read("test", template("default", *options, values=values))


def annotations(chart: Rendering, kind: str, component: str) -> Object:
    """Of the one object of that kind."""
    (found,) = [one for one in chart.of(kind) if one["metadata"]["labels"][COMPONENT] == component]
    annotated: Object = found["metadata"].get("annotations", {})
    return annotated


def test_keys_are_made_before_everything_and_its_account_before_that() -> None:
    chart = rendered()
    job, role = annotations(chart, "Job", "keys"), annotations(chart, "Role", "keys")
    assert job[HOOK] == role[HOOK] == "pre-install,pre-upgrade"
    assert int(role[WEIGHT]) < int(job[WEIGHT]) < 0
    assert "hook-succeeded" in role["helm.sh/hook-delete-policy"], "the right to create secrets must not stay"


def test_with_a_secret_of_ones_own_nothing_makes_keys() -> None:
    chart = rendered(values="secrets: { existingSecret: mine }")
    assert not [one for one in chart.objects if one["metadata"]["labels"][COMPONENT] == "keys"]


def test_another_release_has_jobs_of_its_own() -> None:
    """A job cannot be changed, and not everybody who applies it deletes the one before."""
    first, second = rendered(), rendered(values="image: { tag: 9.9.9 }")
    assert not first.named("Job").keys() & second.named("Job").keys()
    assert first.named("Job").keys() == rendered(values="drain: { endpointSeconds: 9 }").named("Job").keys()


@pytest.mark.parametrize(
    "change",
    [
        "migrations: { deadlineSeconds: 60 }",
        "defaults: { resources: { limits: { memory: 1Gi } } }",
        "commonLabels: { team: a }",
        "imagePullSecrets: [{ name: mine }]",
        "services: { control: { env: { PGSSLMODE: require } } }",
    ],
)
def test_a_job_of_the_same_name_is_the_same_job(change: str) -> None:
    """The API server refuses another one, and the upgrade with it."""
    before, after = rendered().named("Job"), rendered(values=change).named("Job")
    assert {name: before[name]["spec"] for name in before.keys() & after.keys()} == {
        name: after[name]["spec"] for name in before.keys() & after.keys()
    }
    assert before.keys() != after.keys()


def test_a_schema_is_migrated_before_the_release_where_the_database_is_there() -> None:
    for options in ((), ("--is-upgrade",)):
        hook = annotations(rendered(*options, values=EXTERNAL), "Job", "migrate")
        assert (hook[HOOK], hook[WEIGHT]) == ("pre-install,pre-upgrade", "0")


@pytest.mark.parametrize("options", [(), ("--is-upgrade",)])
@pytest.mark.parametrize("values", ["", BROUGHT])
def test_a_database_that_comes_with_the_release_is_migrated_beside_it(options: tuple[str, ...], values: str) -> None:
    """A hook before an upgrade would wait for what that upgrade mends. One after an install would wait for control,
    which is not ready without a schema."""
    chart = rendered(*options, values=values)
    for kind in ("Job", "ServiceAccount"):
        assert HOOK not in annotations(chart, kind, "migrate")


def test_a_job_beside_the_release_has_its_revision_in_the_name() -> None:
    """One that has failed is made again by the next upgrade."""
    assert "Release.Revision" in (CHART / "templates" / "jobs" / "_job.tpl").read_text()


def test_an_address_in_another_secret_than_the_operators_is_there_before() -> None:
    other = BROUGHT.replace("existingSecret: brought }", "existingSecret: another }", 1)
    assert HOOK in annotations(rendered("--is-upgrade", values=other), "Job", "migrate")


@pytest.mark.parametrize("service", ["control", "defaults"])
def test_a_schema_is_migrated_with_controls_own_environment(service: str) -> None:
    said = "{ env: { PGSSLMODE: verify-full, ROUTEIQ_CONTROL_DATABASE_URL: 'postgresql://db/x' },"
    said += " extraEnv: [{ name: PGPASSWORD, valueFrom: { secretKeyRef: { name: mine, key: k } } }] }"
    values = f"services: {{ control: {said} }}" if service == "control" else f"defaults: {said}"
    chart = rendered(values=f"{values}\nbundled: {{ postgres: {{ enabled: false }} }}")
    (container,) = [one for pod in chart.pods if pod.component == "migrate" for one in pod.containers]
    found = {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}
    assert found == {
        "PGSSLMODE": "verify-full",
        "ROUTEIQ_CONTROL_DATABASE_URL": "postgresql://db/x",
        "PGPASSWORD": {"secretKeyRef": {"name": "mine", "key": "k"}},
    }


def test_a_migration_has_controls_volumes() -> None:
    """A certificate authority, which the environment names."""
    pods = {pod.component: pod for pod in rendering("everything").pods}
    for component in ("control", "migrate"):
        (container,) = pods[component].containers
        assert {"name": "authority", "configMap": {"name": "authority"}} in pods[component].spec["volumes"]
        assert [one["mountPath"] for one in container["volumeMounts"] if one["name"] == "authority"] == [
            "/etc/authority"
        ]
        assert {"name": "PGSSLROOTCERT", "value": "/etc/authority/root.pem"} in container["env"]
    assert "authority" not in {volume["name"] for volume in pods["gateway"].spec["volumes"]}


def test_a_file_of_controls_own_is_migrated_by_no_other_pod() -> None:
    chart = rendered(values="services: { control: { env: { ROUTEIQ_CONTROL_DATABASE_URL: 'sqlite:////x/y.db' } } }")
    assert "migrate" not in {pod.component for pod in chart.pods}


@pytest.mark.parametrize("values", ["", EXTERNAL])
def test_a_hook_may_call_before_it_does(values: str) -> None:
    """In a namespace that lets nothing pass by itself."""
    chart = rendered("--set", "networkPolicy.enabled=true", values=values)
    for component in ("keys", "migrate"):
        job, policy = annotations(chart, "Job", component), annotations(chart, "NetworkPolicy", component)
        assert policy.get(HOOK) == job.get(HOOK)
        if HOOK in job:
            assert int(policy[WEIGHT]) < int(job[WEIGHT])
            assert policy["helm.sh/hook-delete-policy"] == job["helm.sh/hook-delete-policy"]


def test_a_test_that_passed_leaves_nothing() -> None:
    chart = rendered()
    for kind in ("Pod", "ConfigMap"):
        assert "hook-succeeded" in annotations(chart, kind, "test")["helm.sh/hook-delete-policy"]


def test_jobs_end() -> None:
    for job in rendered(values="migrations: { deadlineSeconds: 60 }").of("Job"):
        spec = job["spec"]
        assert 0 < spec["activeDeadlineSeconds"] <= 120
        (container,) = spec["template"]["spec"]["containers"]
        if container["name"] == "migrate":
            assert container["args"] == ["migrate", "--wait", "30"], "who waits is to say why before the deadline"


def test_control_does_not_migrate_by_itself() -> None:
    (container,) = rendered().component("control").containers
    assert not [one for one in container["env"] if one["name"] == "ROUTEIQ_CONTROL_MIGRATE"]

"""Keys and schema: made before who needs them, whichever way the release comes into the cluster."""

from __future__ import annotations

from tests.support.chart import COMPONENT, Object, Rendering, read, template

EXTERNAL = "bundled: { postgres: { enabled: false } }\npostgres: { existingSecret: mine }"
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


def test_a_schema_is_migrated_before_the_release_where_the_database_is_there() -> None:
    for options in ((), ("--is-upgrade",)):
        hook = annotations(rendered(*options, values=EXTERNAL), "Job", "migrate")
        assert (hook[HOOK], hook[WEIGHT]) == ("pre-install,pre-upgrade", "0")


def test_at_an_install_with_its_own_database_it_comes_beside() -> None:
    """control is not ready without a schema: a hook after the install would wait for what waits for it."""
    assert HOOK not in annotations(rendered(), "Job", "migrate")
    assert annotations(rendered("--is-upgrade"), "Job", "migrate")[HOOK] == "pre-install,pre-upgrade"


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

"""What holds for every rendering of the chart holds for every overlay of deploy/kustomize: the same tests."""

from __future__ import annotations

import pytest

from tests.deploy.test_environment import (
    test_each_variable_is_one_that_the_service_reads,
    test_no_variable_is_set_twice,
    test_parts_of_a_value_are_set_before_it,
    test_services_listen_where_other_pods_reach_them,
    test_the_list_of_hosts_that_may_be_called_can_be_read,
    test_the_service_takes_what_it_is_told,
)
from tests.deploy.test_network import (
    test_both_ends_of_each_edge_agree,
    test_each_edge_leads_to_a_port_that_is_open_there,
    test_everything_that_is_started_has_a_policy_for_both_directions,
    test_no_rule_leads_to_a_metadata_address,
    test_the_internet_is_no_private_and_no_metadata_address,
    test_whoever_calls_may_ask_for_names,
)
from tests.deploy.test_pods import (
    test_config_sync_gets_one_where_the_document_is_a_config_map,
    test_containers_are_restricted_and_write_to_no_image,
    test_containers_say_what_they_need,
    test_each_has_a_service_account_that_exists,
    test_images_are_of_a_release,
    test_no_secret_is_rendered,
    test_no_secret_stands_in_a_plain_value,
    test_only_who_calls_kubernetes_gets_a_token,
    test_pods_are_restricted,
    test_service_links_are_off,
    test_what_is_mounted_is_a_volume_of_the_pod,
    test_what_runs_on_is_probed_and_on_no_users_port,
)
from tests.deploy.test_scaling import (
    test_a_budget_lets_a_pod_go_and_a_broken_one_always,
    test_a_rollout_takes_no_pod_away_before_its_successor_is_ready,
    test_pods_of_one_service_are_spread,
)
from tests.deploy.test_schemas import (
    _each_schema_read_once,
    test_every_field_is_one_that_kubernetes_knows,
    test_no_two_objects_have_one_name,
    test_objects_of_operators_are_of_the_versions_that_these_serve,
)
from tests.deploy.test_wiring import (
    test_addresses_in_the_environment_are_services_with_that_port,
    test_each_pod_that_lives_has_a_service,
    test_each_port_of_a_service_is_one_of_its_pods,
    test_edges_lead_to_the_gateway,
    test_gateways_and_config_sync_reach_each_routing_pod_by_itself,
    test_roles_are_bound_to_accounts_that_are_there,
    test_roles_reach_no_further_than_one_object,
    test_secrets_config_maps_and_claims_that_pods_want_are_there,
    test_selectors_choose_their_own_pods_and_no_others,
)
from tests.support.chart import Rendering
from tests.support.kustomize import OVERLAYS, overlay

__all__ = [
    "_each_schema_read_once",
    "test_a_budget_lets_a_pod_go_and_a_broken_one_always",
    "test_a_rollout_takes_no_pod_away_before_its_successor_is_ready",
    "test_addresses_in_the_environment_are_services_with_that_port",
    "test_both_ends_of_each_edge_agree",
    "test_config_sync_gets_one_where_the_document_is_a_config_map",
    "test_containers_are_restricted_and_write_to_no_image",
    "test_containers_say_what_they_need",
    "test_each_edge_leads_to_a_port_that_is_open_there",
    "test_each_has_a_service_account_that_exists",
    "test_each_pod_that_lives_has_a_service",
    "test_each_port_of_a_service_is_one_of_its_pods",
    "test_each_variable_is_one_that_the_service_reads",
    "test_edges_lead_to_the_gateway",
    "test_every_field_is_one_that_kubernetes_knows",
    "test_everything_that_is_started_has_a_policy_for_both_directions",
    "test_gateways_and_config_sync_reach_each_routing_pod_by_itself",
    "test_images_are_of_a_release",
    "test_no_rule_leads_to_a_metadata_address",
    "test_no_secret_is_rendered",
    "test_no_secret_stands_in_a_plain_value",
    "test_no_two_objects_have_one_name",
    "test_no_variable_is_set_twice",
    "test_objects_of_operators_are_of_the_versions_that_these_serve",
    "test_only_who_calls_kubernetes_gets_a_token",
    "test_parts_of_a_value_are_set_before_it",
    "test_pods_are_restricted",
    "test_pods_of_one_service_are_spread",
    "test_roles_are_bound_to_accounts_that_are_there",
    "test_roles_reach_no_further_than_one_object",
    "test_secrets_config_maps_and_claims_that_pods_want_are_there",
    "test_selectors_choose_their_own_pods_and_no_others",
    "test_service_links_are_off",
    "test_services_listen_where_other_pods_reach_them",
    "test_the_internet_is_no_private_and_no_metadata_address",
    "test_the_list_of_hosts_that_may_be_called_can_be_read",
    "test_the_service_takes_what_it_is_told",
    "test_what_is_mounted_is_a_volume_of_the_pod",
    "test_what_runs_on_is_probed_and_on_no_users_port",
    "test_whoever_calls_may_ask_for_names",
]


@pytest.fixture(params=OVERLAYS, scope="module")
def chart(request: pytest.FixtureRequest) -> Rendering:
    return overlay(request.param)


@pytest.fixture(scope="module")
def policed() -> Rendering:
    return overlay("prod")

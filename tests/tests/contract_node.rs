//! The official JavaScript client in Node, and the HTTP API beside it: every row of the contract.

use membrane_tests::scenarios;

scenarios!(
    connections,
    "node/connections",
    [
        find_lists_connections_with_the_fields_that_the_client_knows,
        find_takes_every_filter,
        pages_follow_each_other_by_their_cursor,
        create_by_intent_waits_for_the_person,
        an_intent_that_several_apps_fit_leads_to_a_chooser,
        create_by_key_with_input_connects_at_once,
        create_with_wrong_credentials_says_so_and_keeps_nothing_secret,
        create_without_anything_to_connect_is_a_bad_request,
        get_never_has_secrets,
        get_with_wait_ends_when_somebody_has_connected,
        patch_and_put_change_name_key_and_metadata,
        archive_removes_it_from_the_list_and_restore_brings_it_back_without_access,
        refreshcredentials_sends_an_empty_form_body_and_is_understood,
        attempts_are_told_apart_by_how_they_ended,
        test_asks_the_app,
        reconnect_starts_a_repair_and_leaves_the_connection_as_it_is,
        ensure_finds_the_connection_of_an_address_or_starts_one,
        tokens_are_handed_out_to_clients_that_may,
        events_tell_what_happened,
    ]
);

scenarios!(
    catalogue,
    "node/catalogue",
    [
        integrations_find_and_findall_list_the_catalogue,
        integration_get_shows_ways_to_connect_and_the_connection_there_is,
        connector_spec_has_the_forms_as_schemas,
        logos_are_served,
        connectors_and_external_apps_are_the_same_apps,
        search_finds_connectors_by_words,
        connection_options_is_a_bare_array,
        self_is_the_tenant_and_its_credentials_are_taken_without_complaint,
        failures_are_typed_errors,
        the_version_is_in_every_answer,
        the_description_of_the_api_is_served,
    ]
);

scenarios!(
    access,
    "node/access",
    [
        an_opaque_token_its_alias_and_a_lazy_one_work,
        a_workspace_signs_a_token_per_tenant_and_they_never_meet,
        events_never_cross_tenants,
        tokens_of_a_workspace_are_checked_to_the_letter,
        r_61_every_json_route_needs_a_token,
        r_62_origins_and_preflights,
        r_63_a_body_must_say_that_it_is_json,
        r_68_a_client_that_is_revoked_loses_its_streams_and_its_access_at_once,
        r_70_a_client_with_64_requests_under_way_is_told_to_wait,
        r_70_bodies_and_heads_have_an_end,
        a_request_to_connect_is_answered_by_a_person,
        a_request_may_be_declined_and_must_name_something,
        a_page_has_a_token_of_its_own_that_does_nothing_else,
        pages_answer_to_forms_queries_and_payloads_and_say_what_is_wrong,
        connect_in_node_rejects_and_ends_nothing,
    ]
);

scenarios!(
    docs,
    "node/docs",
    [the_node_example_of_the_official_sdk_page_runs, the_request_example_of_the_api_page_runs,]
);

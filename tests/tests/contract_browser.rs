//! The official clients in a real Chromium: popups, frames, redirects, and Membrane's own page in somebody's page.

use membrane_tests::scenarios;

scenarios!(
    flows,
    "browser/flows",
    [
        connect_opens_a_popup_that_signs_in_tells_and_closes,
        connect_without_a_stream_hears_by_postmessage_alone,
        connect_without_postmessage_hears_by_the_stream_alone,
        connect_with_input_works_in_a_hidden_frame,
        a_hidden_frame_that_can_not_connect_rejects_and_says_why,
        an_empty_connect_opens_the_chooser,
        a_popup_that_is_closed_resolves_to_null,
        a_person_who_says_no_rejects,
        a_token_that_is_not_known_rejects,
        samewindow_goes_to_the_provider_and_comes_back_to_the_page,
        reconnect_repairs_the_same_connection,
        connecting_an_app_again_signs_in_to_its_one_connection_again,
        one_more_connection_is_made_when_it_is_asked_for,
        another_account_can_be_kept_in_a_popup_and_the_opener_hears_of_it,
        another_account_that_is_not_kept_rejects,
        integration_connect_reads_the_integration_first,
        the_older_package_connects_through_the_aliases,
        the_hooks_of_the_react_package_list_follow_and_connect,
        a_request_is_answered_behind_its_link_and_in_the_list_of_the_person,
        a_page_whose_token_is_good_no_more_says_so,
    ]
);

scenarios!(
    embedded,
    "browser/embedded",
    [
        ui_connect_carries_the_intent_connects_in_a_form_and_returns_the_connection,
        a_sign_in_out_of_a_frame_opens_a_window_and_comes_back,
        an_empty_ui_connect_is_a_chooser_and_closing_it_resolves_to_null,
        the_page_is_light_and_asks_for_no_more_than_it_shows,
        ui_connection_shows_a_connection_and_repairs_it,
        r_64_a_page_that_nobody_approved_can_not_frame_it,
        the_page_works_by_keyboard_alone,
        escape_closes_it,
        every_step_is_fit_for_a_screen_reader_in_both_themes_and_at_phone_width,
        the_custom_element_connects_inside_a_page,
        the_examples_of_the_documentation_work,
        the_older_frames_are_there,
    ]
);

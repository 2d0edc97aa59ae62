//! Opening a page through the desktop's default handler.

/// Tells whether there is a desktop to open a page on.
pub(crate) fn there_is_a_desktop() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Opens a page, without waiting for the browser. The reason of a failure leaves the address out.
pub(crate) fn open_page(url: &str) -> Result<(), String> {
    open::that_detached(url).map_err(|error| error.kind().to_string())
}

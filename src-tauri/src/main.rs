//! The desktop app's program.

fn main() {
    membrane_desktop::run();
}

// Knows whether a menu or dialog is open, so that Esc closes it and does not also leave the page.

class Overlays {
  #open = 0;

  get any(): boolean {
    return this.#open > 0;
  }

  /** Counts one in; call the returned function when it is closed. */
  enter(): () => void {
    this.#open += 1;
    // The key that closes it is still under way.
    return () => setTimeout(() => (this.#open -= 1), 0);
  }
}

export const overlays = new Overlays();

// Freezes the prototype as the app does, before anything else runs.
Object.freeze(Object.prototype);

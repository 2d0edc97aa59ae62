// The time, as far as screens need it: moves on every half minute.

class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => (this.now = Date.now()), 30_000);
  }
}

export const clockwork = new Clock();

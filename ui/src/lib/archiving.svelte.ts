// Which connection the person was asked about archiving; one dialog for row, page, palette and keyboard.
import type { Connection } from './wire';

class Archiving {
  connection = $state<Connection | null>(null);

  ask(connection: Connection): void {
    this.connection = connection;
  }
}

export const archiving = new Archiving();

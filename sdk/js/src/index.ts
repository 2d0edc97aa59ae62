// The package's table of contents.
export { Membrane, type MembraneOptions } from './client.js';
export { type ConnectOptions } from './connect.js';
export { type ConnectionsQuery, type CreateConnection } from './connections.js';
export { MembraneError } from './error.js';
export type * from './types.js';

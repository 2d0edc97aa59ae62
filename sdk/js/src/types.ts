// The names of the API's shapes, as its OpenAPI document has them. What the document does not have is written here.
import type { components } from './openapi.js';

type Schemas = components['schemas'];

/** An authorised account of an app. */
export type Connection = Schemas['ConnectionView'];
/** A request to a person to connect something. */
export type ConnectionRequest = Schemas['ConnectionRequest'];
/** An attempt to connect. */
export type ConnectSession = Schemas['Session'];
/** What happened to a connection. */
export type LifecycleEvent = Schemas['LifecycleEvent'];
/** An app that can be connected. */
export type Integration = Schemas['IntegrationItem'];
/** An access token that was handed out. */
export type AccessToken = Schemas['TokenView'];
/** The engine at a glance. */
export type EngineStatus = Schemas['EngineStatus'];
/** What a search found. */
export type SearchResult = Schemas['SearchPage'];
/** Whose connections a token is about. */
export type Tenant = Schemas['TenantView'];
/** A failure on the wire. */
export type WireError = Schemas['WireError'];

/** A page of a list; a full page has a cursor. */
export interface Page<T> {
  items: T[];
  cursor?: string;
}

/** What the event stream says: one snapshot, then changes. */
export type StreamMessage =
  | { type: 'snapshot'; status: EngineStatus; connections: Connection[]; sessions: ConnectSession[] }
  | { type: 'connection'; connection: Connection }
  | { type: 'connection-removed'; id: string }
  | { type: 'session'; session: ConnectSession }
  | { type: 'request'; request: ConnectionRequest }
  | { type: 'tenant'; tenant: Tenant }
  | { type: 'status'; status: EngineStatus }
  | { type: 'event'; event: LifecycleEvent };

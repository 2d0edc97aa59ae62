// How the stream's messages change what is known; pure, so that it can be tested.
import type {
  Connection,
  ConnectionRequest,
  EngineStatus,
  LifecycleEvent,
  Session,
  StreamMessage,
  Tenant,
} from './wire';

export interface Known {
  status: EngineStatus | null;
  connections: Record<string, Connection>;
  sessions: Record<string, Session>;
  /** Requests to connect that wait for an answer. */
  requests: Record<string, ConnectionRequest>;
  /** Whose connections there are; more than one where a workspace signs tokens. */
  tenants: Tenant[];
  /** Counts the events of each connection, so that a page knows when to read them again. */
  events: Record<string, number>;
  last: LifecycleEvent | null;
}

export function nothing(): Known {
  return { status: null, connections: {}, sessions: {}, requests: {}, tenants: [], events: {}, last: null };
}

const FINAL = ['done', 'failed', 'cancelled', 'expired'];

export function isFinal(session: Session): boolean {
  return FINAL.includes(session.state);
}

/** Applies one message: what changes is replaced, so that whoever watches a part of it is told of that part alone. */
export function apply(known: Known, message: StreamMessage): void {
  switch (message.type) {
    case 'snapshot': {
      known.status = message.status;
      known.connections = byId(message.connections);
      // A session that ended while nobody listened is not in the snapshot; what was seen of its end stays.
      const ended = Object.values(known.sessions).filter(isFinal);
      known.sessions = byId([...ended, ...message.sessions]);
      known.requests = Object.fromEntries((message.requests ?? []).map((one) => [one.requestId, one]));
      known.tenants = message.tenants ?? [];
      return;
    }
    case 'request': {
      const { requestId: id } = message.request;
      known.requests =
        message.request.status === 'pending' ? { ...known.requests, [id]: message.request } : without(known.requests, id);
      return;
    }
    case 'tenant':
      known.tenants = [...known.tenants, message.tenant];
      return;
    case 'connection':
      known.connections = { ...known.connections, [message.connection.id]: message.connection };
      return;
    case 'connection-removed':
      known.connections = without(known.connections, message.id);
      return;
    case 'session':
      known.sessions = { ...known.sessions, [message.session.id]: message.session };
      return;
    case 'status':
      known.status = message.status;
      return;
    case 'event': {
      const id = message.event.connectionId;
      known.events = { ...known.events, [id]: (known.events[id] ?? 0) + 1 };
      known.last = message.event;
      return;
    }
  }
}

function byId<T extends { id: string }>(items: T[]): Record<string, T> {
  return Object.fromEntries(items.map((item) => [item.id, item]));
}

function without<T>(items: Record<string, T>, id: string): Record<string, T> {
  const { [id]: _gone, ...rest } = items;
  return rest;
}

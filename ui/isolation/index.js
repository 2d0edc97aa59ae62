// The isolation hook: lets through the few messages that the console sends, each in the shape it has, and nothing else.
(() => {
  const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  const EVENTS = ['navigate', 'problem'];
  const PATH = /^\/[A-Za-z0-9._~!$&'()*+,;=:@%?/-]{0,4096}$/;

  /** @param {any} value */
  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
  /** @param {any} value @param {string[]} keys */
  const hasOnly = (value, keys) => isObject(value) && Object.keys(value).every((key) => keys.includes(key));

  /** @type {Record<string, (payload: any) => boolean>} */
  const ALLOWED = {
    api: (payload) =>
      hasOnly(payload, ['request']) &&
      hasOnly(payload.request, ['method', 'path', 'body']) &&
      METHODS.includes(payload.request.method) &&
      typeof payload.request.path === 'string' &&
      PATH.test(payload.request.path),
    events: (payload) => hasOnly(payload, ['channel']),
    open_external: (payload) =>
      hasOnly(payload, ['url']) &&
      typeof payload.url === 'string' &&
      payload.url.length <= 8192 &&
      /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(payload.url),
    ready: () => true,
    restart: (payload) => hasOnly(payload ?? {}, []),
    'plugin:event|listen': (payload) => isObject(payload) && EVENTS.includes(payload.event),
    'plugin:event|unlisten': (payload) => isObject(payload) && EVENTS.includes(payload.event),
    // Large messages of a channel are fetched by this command.
    'plugin:__TAURI_CHANNEL__|fetch': () => true,
  };

  /** @param {any} message */
  const check = (message) => {
    const allowed = Object.hasOwn(ALLOWED, message.cmd) ? ALLOWED[message.cmd] : undefined;
    if (allowed?.(message.payload)) return message;
    // The core refuses a command of this name, so that the caller gets an answer.
    return { ...message, cmd: 'refused', payload: {} };
  };

  Object.defineProperty(window, '__TAURI_ISOLATION_HOOK__', { value: check, writable: false });
})();

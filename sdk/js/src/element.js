// <membrane-connect>: Membrane's connect page inside somebody's page, as an element with attributes and events. It is one
// file without imports: this package exports it, and the engine serves it as /embed/element.js.
//
//   <membrane-connect token="pat-…" intent="CRM" theme="auto"></membrane-connect>
//
// Attributes: token, api-uri, intent, integration-key, connection-id, name, connection-key, auth-option-key,
// allow-multiple-connections, theme.
// Events: "connected" with the connection in detail, and "closed". Size and border are yours, by CSS.

/** Where the engine is: where it served this file, else where it listens unless told. */
const HOME = import.meta.url.endsWith('/embed/element.js') ? new URL(import.meta.url).origin : 'http://127.0.0.1:4780';

/** @type {Record<string, string>} */
const FIELDS = {
  intent: 'intent',
  'integration-key': 'integrationKey',
  'connection-id': 'connectionId',
  name: 'name',
  'connection-key': 'connectionKey',
  'auth-option-key': 'authOptionKey',
  theme: 'theme',
};

/** @type {typeof HTMLElement} Where there are no elements, as on a server, the file can still be imported. */
const Base = globalThis.HTMLElement ?? class {};

let frames = 0;

/** The element; `connected` and `closed` are its events. */
export class MembraneConnect extends Base {
  /** @type {HTMLIFrameElement | undefined} */
  #frame;
  #origin = HOME;
  /** @type {(event: MessageEvent) => void} */
  #hear = (event) => this.#heard(event);

  connectedCallback() {
    this.#origin = new URL(this.getAttribute('api-uri') ?? HOME).origin;
    if (!this.style.display) this.style.display = 'block';
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const frame = document.createElement('iframe');
    frame.name = `membrane-connect-${Date.now()}-${(frames += 1)}`;
    frame.title = 'Connect an app';
    frame.allow = 'clipboard-write *';
    frame.style.cssText = 'display:block;width:100%;height:100%;min-height:480px;border:0';
    shadow.replaceChildren(frame);
    this.#frame = frame;
    addEventListener('message', this.#hear);
    this.#open(shadow, frame.name);
  }

  disconnectedCallback() {
    removeEventListener('message', this.#hear);
  }

  /**
   * Sends what is asked for as a form, so that the token is in no address.
   * @param {ShadowRoot} shadow
   * @param {string} target
   */
  #open(shadow, target) {
    const form = document.createElement('form');
    form.method = 'POST';
    form.action = `${this.#origin}/screens/connect`;
    form.target = target;
    form.hidden = true;
    const add = (/** @type {string} */ name, /** @type {string} */ value) => {
      const input = document.createElement('input');
      input.type = 'hidden';
      input.name = name;
      input.value = value;
      form.append(input);
    };
    add('token', this.getAttribute('token') ?? '');
    for (const [attribute, name] of Object.entries(FIELDS)) {
      const value = this.getAttribute(attribute);
      if (value) add(name, value);
    }
    const several = this.getAttribute('allow-multiple-connections');
    if (several !== null && several !== 'false') add('allowMultipleConnections', '1');
    // A frame in a shadow tree is found by its name only from a form in the same tree.
    shadow.append(form);
    form.submit();
    form.remove();
  }

  /** @param {MessageEvent} event */
  #heard({ source, origin, data }) {
    const frame = this.#frame?.contentWindow;
    if (!frame || source !== frame || origin !== this.#origin || typeof data !== 'object' || !data) return;
    const answer = (/** @type {object} */ message) => frame.postMessage(message, origin);
    if (data.penpal === 'syn') {
      answer({ penpal: 'synAck', methodNames: ['handshake', 'onSuccess', 'onClose', 'close'] });
    } else if (data.penpal === 'call') {
      const tell = (/** @type {string} */ name, /** @type {unknown} */ detail) =>
        this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
      if (data.methodName === 'onSuccess') tell('connected', data.args?.[0]);
      if (data.methodName === 'close') tell('closed', undefined);
      answer({ penpal: 'reply', id: data.id, resolution: 'fulfilled' });
    }
  }
}

if (globalThis.customElements && !customElements.get('membrane-connect')) {
  customElements.define('membrane-connect', MembraneConnect);
}

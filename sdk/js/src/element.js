// <membrane-connect>: Membrane's connect page inside somebody's page, as an element with attributes and events.
//
//   <script type="module" src="http://127.0.0.1:4780/embed/element.js"></script>
//   <membrane-connect token="pat-…" intent="CRM" theme="auto"></membrane-connect>
//
// Attributes: token, api-uri, intent, integration-key, connection-id, name, connection-key, auth-option-key, theme.
// Events: "connected" with the connection in detail, and "closed". Size and border are yours, by CSS.
const HOME = new URL(import.meta.url).origin;
const FIELDS = {
  intent: 'intent',
  'integration-key': 'integrationKey',
  'connection-id': 'connectionId',
  name: 'name',
  'connection-key': 'connectionKey',
  'auth-option-key': 'authOptionKey',
  theme: 'theme',
};

export class MembraneConnect extends HTMLElement {
  #frame;
  #origin;
  #count = 0;
  #hear = (event) => this.#heard(event);

  connectedCallback() {
    this.#origin = new URL(this.getAttribute('api-uri') ?? HOME).origin;
    if (!this.style.display) this.style.display = 'block';
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    this.#frame = document.createElement('iframe');
    this.#frame.name = `membrane-connect-${Date.now()}-${(this.#count += 1)}`;
    this.#frame.title = 'Connect an app';
    this.#frame.allow = 'clipboard-write *';
    this.#frame.style.cssText = 'display:block;width:100%;height:100%;min-height:480px;border:0';
    shadow.replaceChildren(this.#frame);
    addEventListener('message', this.#hear);
    this.#open();
  }

  disconnectedCallback() {
    removeEventListener('message', this.#hear);
  }

  /** Sends what is asked for as a form, so that the token is in no address. */
  #open() {
    const form = document.createElement('form');
    form.method = 'POST';
    form.action = `${this.#origin}/screens/connect`;
    form.target = this.#frame.name;
    form.hidden = true;
    const add = (name, value) => {
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
    // A frame in a shadow tree is found by its name only from a form in the same tree.
    this.shadowRoot.append(form);
    form.submit();
    form.remove();
  }

  #heard({ source, origin, data }) {
    if (source !== this.#frame.contentWindow || origin !== this.#origin || typeof data !== 'object' || !data) return;
    const answer = (message) => source.postMessage(message, origin);
    if (data.penpal === 'syn') {
      answer({ penpal: 'synAck', methodNames: ['handshake', 'onSuccess', 'onClose', 'close'] });
    } else if (data.penpal === 'call') {
      const tell = (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
      if (data.methodName === 'onSuccess') tell('connected', data.args?.[0]);
      if (data.methodName === 'close') tell('closed');
      answer({ penpal: 'reply', id: data.id, resolution: 'fulfilled' });
    }
  }
}

if (!customElements.get('membrane-connect')) customElements.define('membrane-connect', MembraneConnect);

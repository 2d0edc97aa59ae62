// Where the provider keeps its records: in memory, with a look inside for the tests.

const grantable = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);
const seconds = () => Math.floor(Date.now() / 1000);

export class Records {
  constructor(graceSeconds) {
    this.rows = new Map();
    this.graceSeconds = graceSeconds;
  }

  adapter = (model) => {
    const key = (id) => `${model}:${id}`;
    const found = (test) => [...this.rows.values()].find((row) => row.model === model && test(row.payload))?.payload;
    return {
      upsert: async (id, payload) => void this.rows.set(key(id), { model, id, payload }),
      find: async (id) => this.rows.get(key(id))?.payload,
      findByUid: async (uid) => found((payload) => payload.uid === uid),
      findByUserCode: async (userCode) => found((payload) => payload.userCode === userCode),
      destroy: async (id) => void this.rows.delete(key(id)),
      consume: async (id) => this.#consume(this.rows.get(key(id))?.payload, model),
      revokeByGrantId: async (grantId) => this.revokeGrant(grantId),
    };
  };

  // A provider with a grace window goes on taking a used refresh token for some seconds.
  #consume(payload, model) {
    if (!payload) return;
    const mark = () => { payload.consumed = seconds(); };
    if (model === 'RefreshToken' && this.graceSeconds > 0) setTimeout(mark, this.graceSeconds * 1000).unref();
    else mark();
  }

  revokeGrant(grantId) {
    for (const [key, { model, payload }] of this.rows) {
      if (grantable.has(model) && payload.grantId === grantId) this.rows.delete(key);
    }
  }

  // What the person does on the provider's own page of connected apps.
  revokeAccount(account) {
    let revoked = 0;
    for (const [key, { model, id, payload }] of this.rows) {
      if (model !== 'Grant' || (account && payload.accountId !== account)) continue;
      this.revokeGrant(id);
      this.rows.delete(key);
      revoked += 1;
    }
    return revoked;
  }

  live(model) {
    return [...this.rows.values()].filter((row) => row.model === model && !row.payload.consumed && !(row.payload.exp <= seconds())).length;
  }
}

// What the provider offers, and the OAuth clients it knows.

const LOOPBACK = 'http://127.0.0.1/oauth-callback';
const DEEP_LINK = 'dev.membrane.desktop:/oauth/callback';

// One public native client, one confidential one, and one for machines.
export function clients(appKeys) {
  const redirect_uris = [LOOPBACK, DEEP_LINK, ...appKeys.map((key) => `${DEEP_LINK}/${key}`)];
  const grant_types = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'];
  return [
    { client_id: 'native', application_type: 'native', token_endpoint_auth_method: 'none', redirect_uris, grant_types },
    { client_id: 'confidential', client_secret: 'confidential-client-secret', application_type: 'native', redirect_uris, grant_types },
    { client_id: 'posting', client_secret: 'posting-client-secret', application_type: 'native', token_endpoint_auth_method: 'client_secret_post', redirect_uris, grant_types },
    { client_id: 'machine', client_secret: 'machine-client-secret', redirect_uris: [], response_types: [], grant_types: ['client_credentials'] },
  ];
}

export function configuration({ settings, records }) {
  return {
    adapter: records.adapter,
    clientDefaults: { id_token_signed_response_alg: 'RS256' },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'contacts.read', 'contacts.write'],
    cookies: { keys: ['of the tests only'] },
    features: {
      clientCredentials: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 'tests'), requireNonce: () => settings.dpop === true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: settings.par === true },
      registration: { enabled: true, initialAccessToken: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({ scope: 'contacts.read contacts.write', audience: resource, accessTokenFormat: 'opaque' }),
      },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id, preferred_username: id, email: `${id}@example.test` }),
    }),
    issueRefreshToken: (_, client) => settings.refreshTokens && client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    ttl: {
      AccessToken: () => settings.accessTtl,
      ClientCredentials: () => settings.accessTtl,
      RefreshToken: () => settings.refreshTtl,
      DeviceCode: () => settings.deviceTtl,
      Grant: 14 * 24 * 3600,
      Interaction: 3600,
      Session: 14 * 24 * 3600,
      IdToken: 3600,
    },
  };
}

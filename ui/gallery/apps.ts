// A small catalog to look at.
import type { AppDetail, AppSummary, Method } from '../src/lib/wire';

const method = (more: Partial<Method>): Method => ({
  key: 'oauth',
  type: 'oauth2',
  label: 'Sign in',
  needsClient: false,
  client: null,
  wantsSecret: false,
  scopes: [],
  fields: [],
  setup: null,
  redirectUri: null,
  returnPaths: [],
  ...more,
});

function app(key: string, name: string, description: string, methods: Partial<Method>[]): AppDetail {
  const authMethods = methods.map(method);
  const ready = authMethods.some((m) => !m.needsClient);
  return { key, name, description, categories: [], authMethods, ready, own: false };
}

const signIn = (name: string): Partial<Method> => ({
  label: `Sign in with ${name}`,
  needsClient: true,
  wantsSecret: true,
  redirectUri: 'http://127.0.0.1/oauth-callback',
  setup: {
    url: `https://${name.toLowerCase().replaceAll(' ', '')}.example/apps/new`,
    steps: [
      'Register a new OAuth app; the name and the homepage are up to you.',
      'Paste http://127.0.0.1/oauth-callback as the callback address.',
      'Copy the client id, generate a client secret, and paste both here.',
    ],
  },
  scopes: [
    { name: 'read', text: `See what is in ${name}`, optional: false },
    { name: 'write', text: `Change what is in ${name}`, optional: true },
  ],
});

export const details: AppDetail[] = [
  app('github', 'GitHub', 'Hosts code, and the issues, pull requests and releases around it.', [
    {
      key: 'token',
      type: 'api-key',
      label: 'Personal access token',
      fields: [
        {
          key: 'token',
          label: 'Personal access token',
          hint: 'Shown once, right after you generate it.',
          link: 'https://github.com/settings/personal-access-tokens/new',
          example: 'github_pat_11EXAMPLE0example0',
          pattern: '(gh[a-z]|github_pat)_[A-Za-z0-9_]{16,255}',
          secret: true,
          optional: false,
        },
      ],
      setup: {
        url: 'https://github.com/settings/personal-access-tokens/new',
        steps: [
          'Open the page for a new fine-grained token and give it a name such as Membrane.',
          'Choose how long it is good for and which repositories it may see.',
          'Generate the token and paste it here.',
        ],
      },
    },
    {
      ...signIn('GitHub'),
      scopes: [
        { name: 'repo', text: 'Read and write your repositories, their issues and pull requests', optional: false },
        { name: 'read:org', text: 'See which organisations and teams you belong to', optional: false },
        { name: 'gist', text: 'Write your gists', optional: true },
      ],
    },
    { key: 'device', type: 'device', label: 'Sign in on another device', needsClient: true },
  ]),
  app('membrane-sandbox', 'Membrane Sandbox', 'A make-believe CRM on this computer, to try everything with before you connect anything real.', [
    {
      label: 'Sign in with Membrane Sandbox',
      scopes: [
        { name: 'profile', text: 'See the name and e-mail address of the account', optional: false },
        { name: 'crm.read', text: 'See contacts and deals', optional: false },
        { name: 'crm.write', text: 'Add contacts', optional: true },
      ],
    },
  ]),
  app('stripe', 'Stripe', 'Takes card payments, subscriptions and invoices.', [
    {
      key: 'api-key',
      type: 'api-key',
      label: 'Secret or restricted key',
      fields: [
        {
          key: 'key',
          label: 'Secret or restricted key',
          hint: 'A restricted key with only the permissions you need is safer.',
          link: 'https://dashboard.stripe.com/apikeys',
          example: 'rk_test_EXAMPLEexampleEXAMPLE',
          secret: true,
          optional: false,
        },
      ],
      setup: {
        url: 'https://dashboard.stripe.com/apikeys',
        steps: ['Create a restricted key with the permissions you need.', 'Copy it and paste it here.'],
      },
    },
  ]),
  app('zendesk', 'Zendesk', 'Answers customers’ questions in tickets and chats.', [
    {
      key: 'basic',
      type: 'basic',
      label: 'E-mail address and API token',
      fields: [
        { key: 'subdomain', label: 'Subdomain', example: 'example', secret: false, optional: false },
        { key: 'username', label: 'E-mail address', example: 'ada@example.com', secret: false, optional: false },
        { key: 'password', label: 'API token', hint: 'Admin Center → Apps and integrations → API tokens.', secret: true, optional: false },
      ],
    },
  ]),
  app('slack', 'Slack', 'Carries a team’s messages, calls and files.', [{ ...signIn('Slack'), client: { id: '4711.0815', hasSecret: true } }]),
  app('gmail', 'Gmail', 'Sends, receives and finds your e-mail.', [signIn('Google')]),
  app('notion', 'Notion', 'Keeps notes, wikis and databases of a team.', [signIn('Notion')]),
  app('hubspot', 'HubSpot', 'A CRM with contacts, deals and marketing.', [signIn('HubSpot')]),
  app('salesforce', 'Salesforce', 'A CRM for accounts, leads and opportunities.', [signIn('Salesforce')]),
  app('dropbox', 'Dropbox', 'Keeps and shares files.', [signIn('Dropbox')]),
];

export const summaries: AppSummary[] = details.map(({ authMethods, ...rest }) => ({
  ...rest,
  authMethods: authMethods.map(({ key, type, label, needsClient }) => ({ key, type, label, needsClient })),
}));

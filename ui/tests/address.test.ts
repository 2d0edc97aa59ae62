// Which texts are web addresses, and whose.
import { describe, expect, it } from 'vitest';
import { hostOf } from '../src/lib/address';

describe('a web address', () => {
  it.each([
    ['https://crm.example.com/contacts?page=2', 'crm.example.com'],
    ['crm.example.com', 'crm.example.com'],
    [' www.example.com/login ', 'example.com'],
    ['http://127.0.0.1:4790', '127.0.0.1:4790'],
    ['http://localhost:8080/mcp', 'localhost:8080'],
    ['crm.example.com:8443', 'crm.example.com:8443'],
    ['HTTPS://Example.COM', 'example.com'],
    ['münchen.example', 'xn--mnchen-3ya.example'],
  ])('%s is at %s', (text, host) => expect(hostOf(text)).toBe(host));

  it.each(['', 'slack', 'send an e-mail', '3.5', '10.0.0.1', 'localhost', 'ada@example.com', 'javascript:alert(1)', 'file:///etc/passwd', 'v2.', 'see example.com please'])(
    '%j is none',
    (text) => expect(hostOf(text)).toBeNull(),
  );
});

// Two MCP clients that others wrote, one per revision of the protocol, each over HTTP and over standard input.
import { Client as NewClient, StreamableHTTPClientTransport as NewHttp } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const { API, TOKEN, MEMBRANE_BIN } = process.env;
const info = { name: 'scenario', title: 'Scenario Client', version: '1.0.0' };
const both = { elicitation: { form: {}, url: {} } };

function transport(Http, Stdio, way) {
  if (way === 'http') {
    return new Http(new URL(`${API}/mcp`), { requestInit: { headers: { Authorization: `Bearer ${TOKEN}` } } });
  }
  return new Stdio({ command: MEMBRANE_BIN, args: ['mcp'], env: { ...process.env }, stderr: 'inherit' });
}

/** Connects a client; `elicit` answers the questions that are for the person. Without it the client can't ask. */
export async function connect(revision, way, elicit) {
  const capabilities = elicit ? both : {};
  if (revision === '2026-07-28') {
    const client = new NewClient(info, { capabilities, versionNegotiation: { mode: { pin: revision } } });
    if (elicit) client.setRequestHandler('elicitation/create', (request) => elicit(request.params));
    await client.connect(transport(NewHttp, NewStdio, way));
    return client;
  }
  const client = new OldClient(info, { capabilities });
  if (elicit) client.setRequestHandler(ElicitRequestSchema, (request) => elicit(request.params));
  await client.connect(transport(OldHttp, OldStdio, way));
  return client;
}

/** Calls a tool and returns its structured content; a failure throws with its text. */
export async function call(client, name, args = {}, onprogress) {
  const options = onprogress ? { onprogress, resetTimeoutOnProgress: true } : {};
  const request = { name, arguments: args };
  const isOld = client instanceof OldClient;
  const result = isOld ? await client.callTool(request, undefined, options) : await client.callTool(request, options);
  if (result.isError) throw new Error(result.content[0].text);
  return result.structuredContent;
}

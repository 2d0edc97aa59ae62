// Gives a checker that knows no tokens one: node --import ./bearer.mjs …, with the token in BEARER.
import { Agent, setGlobalDispatcher } from 'undici';

const authorization = `Bearer ${process.env.BEARER}`;
const plain = globalThis.fetch;
globalThis.fetch = (input, options = {}) => {
  const headers = new Headers(options.headers);
  if (!headers.has('authorization')) headers.set('authorization', authorization);
  return plain(input, { ...options, headers });
};
// One check speaks below fetch, to say which host it means.
setGlobalDispatcher(
  new Agent().compose((dispatch) => (request, handler) =>
    dispatch({ ...request, headers: { ...request.headers, authorization } }, handler),
  ),
);

// A small page with the hooks of the React package: a list, one connection, and a button that connects.
import { MembraneProvider, useConnection, useConnections, useElementsBackgroundSync, useMembrane } from '@membranehq/react';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

const query = new URLSearchParams(location.search);

function Page() {
  const client = useMembrane();
  const { connections } = useConnections();
  const { connection } = useConnection(query.get('id'));
  const [made, setMade] = useState('');
  const [following, setFollowing] = useState(false);
  useElementsBackgroundSync({ onMessage: ({ type }) => type === 'connected' && setFollowing(true) }, client);
  const connect = () =>
    client
      .connect({ integrationKey: 'membrane-sandbox', authOptionKey: 'oauth' })
      .then((one) => setMade(`connected: ${one?.integrationKey}`), (error) => setMade(`failed: ${error.message}`));
  return (
    <>
      <p>one: {connection?.name}</p>
      {following && <p>following</p>}
      <ul>{connections?.map((one) => <li key={one.id}>{`list: ${one.name}`}</li>)}</ul>
      <button id="connect" onClick={connect}>
        Connect
      </button>
      <p>{made}</p>
    </>
  );
}

createRoot(document.getElementById('app')).render(
  <MembraneProvider token={query.get('token')} apiUri={query.get('api')}>
    <Page />
  </MembraneProvider>,
);

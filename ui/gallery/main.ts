// Mounts the console on the made-up core in the state that the address names.
import './freeze';
import { start } from '../src/start';
import { FakeCore, type StateName } from './fake';

const params = new URLSearchParams(location.search);
localStorage.setItem('appearance', params.get('theme') ?? 'system');
const fake = new FakeCore((params.get('state') ?? 'full') as StateName, params.get('theme') ?? 'system');
Object.assign(window, { fake });
start(fake);

// Starts the connect page: in the popup of connect(), in a frame of somebody's page, or behind a link.
import { mount } from 'svelte';
import { useCore } from '../src/lib/core';
import { live } from '../src/lib/store.svelte';
import { place } from '../src/lib/place.svelte';
import '../src/style/tokens.css';
import '../src/style/base.css';
import './embed.css';
import Embed from './Embed.svelte';
import { readBoot } from './boot';
import { EmbedCore } from './core';
import { Surroundings } from './surroundings';

const boot = readBoot();
const surroundings = new Surroundings(boot);
document.documentElement.dataset.shown = surroundings.framed ? 'frame' : 'window';
const core = new EmbedCore(boot.token ?? '', surroundings);
useCore(core);
place.follow();
const target = document.getElementById('app')!;
mount(Embed, { target, props: { boot, surroundings, core } });
if (boot.token) void live.start();

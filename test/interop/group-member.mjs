// Brings a deck up live and joins a multicast group at one host of it; prints what it hears and answers it to the group.
// On standard input: `leave` leaves the group.
// Usage: node group-member.mjs DIST DECK HOST GROUP PORT
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [dist, deckPath, hostId, group, port] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { parseDecks } = await load('src/config/index.js');
const { Lab } = await load('src/lab/lab.js');
const { openTun } = await load('src/lab/open-tun.js');

const deck = parseDecks([{ name: deckPath, text: readFileSync(deckPath) }]);
const lab = new Lab(deck, { live: (hooks) => openTun(hooks, { hostSide: false }) });
await lab.start();
const socket = lab.host(Number(hostId)).dgram.createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (message, { address }) => {
  console.log(`heard ${message} from ${address}`);
  if (!`${message}`.startsWith('re: ')) socket.send(`re: ${message}`, Number(port), group);
});
socket.bind(Number(port));
await once(socket, 'listening');
socket.addMembership(group);
console.log('the group is joined');
createInterface({ input: process.stdin }).on('line', () => {
  socket.dropMembership(group);
  console.log('the group is left');
});
await once(process, 'SIGINT');
await lab.close();

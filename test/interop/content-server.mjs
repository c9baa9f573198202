// Brings a deck up live and serves content over node:http on port 8080 of one host of it:
//   GET /SEED/OFFSET/LENGTH      that content
//   PUT /                        answers with the SHA-256 of what was sent
// Usage: node content-server.mjs DIST DECK HOST [plain]: only plain packets cross the interface
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { content } from './content.mjs';

const [dist, deckPath, hostId, plain] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { parseDecks } = await load('src/config/index.js');
const { Lab } = await load('src/lab/lab.js');
const { openTun } = await load('src/lab/open-tun.js');

const http = createServer(async (request, response) => {
  if (request.method === 'PUT') {
    const hash = createHash('sha256');
    for await (const chunk of request) hash.update(chunk);
    response.end(hash.digest('hex'));
    return;
  }
  const [, seed, offset, length] = request.url.split('/');
  response.setHeader('content-length', length);
  Readable.from(content(seed, Number(offset), Number(length))).pipe(response);
});

const deck = parseDecks([{ name: deckPath, text: readFileSync(deckPath) }]);
const lab = new Lab(deck, {
  live: (hooks) => openTun(hooks, { hostSide: true, offload: plain === undefined }),
});
await lab.start();
const server = lab.host(Number(hostId)).net.createServer((socket) => http.emit('connection', socket));
server.listen(8080);
await once(server, 'listening');
console.log('content is served');
await once(process, 'SIGINT');
await lab.close();

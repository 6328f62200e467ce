// recommendations: what a user may like. GET /recommendations/USER. Its second version is broken on
// purpose: it starts, says why it cannot serve, and never becomes healthy.
'use strict';
const http = require('node:http');

const { PORT, HOST = '127.0.0.1', VERSION = '1' } = process.env;
const PRODUCTS = 12;
let stopping = false;

function answer(path) {
  if (VERSION === '2') {
    console.log('ERROR the model of version 2 has no weights');
    return [500, { error: 'the model of version 2 has no weights' }];
  }
  if (path === '/health') return [200, { ok: true }];
  const user = Number(/^\/recommendations\/(\d{1,9})$/.exec(path)?.[1]);
  if (!user) return [404, { error: `there is no ${path}` }];
  return [200, { user, version: VERSION, products: [1, 2, 3].map((step) => ((user * 5 + step * 3) % PRODUCTS) + 1) }];
}

const server = http.createServer((request, response) => {
  request.resume();
  const [status, value] = answer(request.url);
  const headers = { 'content-type': 'application/json', ...(stopping && { connection: 'close' }) };
  response.writeHead(status, headers).end(JSON.stringify(value));
});
server.keepAliveTimeout = 65_000; // longer than who calls keeps a connection, so that it is never closed under a request
server.listen(PORT, HOST, () => console.log(`INFO recommendations ${VERSION} listens on ${HOST}:${PORT}`));
process.on('SIGTERM', () => {
  stopping = true;
  server.close(() => process.exit(0)); // when all that was begun is answered
  server.closeIdleConnections();
});

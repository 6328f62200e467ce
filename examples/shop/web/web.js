// web: the shop's page. It asks four services at once; what does not answer is left out, the page stands.
'use strict';
const http = require('node:http');

const { PORT, HOST = '127.0.0.1' } = process.env;
const agent = new http.Agent({ keepAlive: true });
const calls = {}; // exactly what it asked of whom, and what came of it: GET /counts
let stopping = false;

// One request; resolves to its JSON, or to null.
function ask(service, path, value) {
  return new Promise((resolve) => {
    const finish = (status, text) => {
      const count = (calls[service] ??= { requests: 0, errors: 0, statuses: {} });
      const bad = status === 0 || status >= 500;
      count.requests += 1;
      count.errors += bad ? 1 : 0;
      count.statuses[status] = (count.statuses[status] ?? 0) + 1;
      if (bad) console.log(`WARN ${service} ${status ? `answered ${status}` : `did not answer: ${text}`}`);
      try {
        resolve(status >= 200 && status < 300 ? JSON.parse(text) : null);
      } catch {
        resolve(null);
      }
    };
    const none = (error) => finish(0, error.message);
    const method = value ? 'POST' : 'GET';
    const body = value ? JSON.stringify(value) : '';
    const headers = value ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {};
    const url = process.env[`${service.toUpperCase()}_URL`] ?? `http://${service}:7480`;
    http.request(url + path, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => { text += part; }).on('error', none);
      response.on('end', () => finish(response.statusCode, text));
    }).on('error', none).end(body);
  });
}

async function page(url) {
  const user = Number(url.searchParams.get('user')) || 1;
  const [users, products, stock, likes] = await Promise.all([
    ask('users', '/users'), ask('products', '/products'), ask('stock', '/stock'), ask('recommendations', `/recommendations/${user}`)]);
  const list = (items, line) => items?.map((item) => `<li>${line(item)}</li>`).join('') ?? '<li>not there at the moment</li>';
  const left = (id) => (stock ? `${stock[id] ?? 0} left` : '');
  const buy = (id) => `<form method="post" action="/buy?user=${user}&product=${id}"><button>Buy</button></form>`;
  const ordered = url.searchParams.get('ordered');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The shop</title><style>body{font:16px/1.6 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
li{display:flex;gap:1rem;align-items:center}li span{margin-left:auto;opacity:.7}form{margin:0}ul{padding:0}</style>
<h1>The shop</h1>${ordered ? `<p>${ordered === 'no' ? 'The order failed; try again.' : 'Thank you! A mail is on its way.'}</p>` : ''}
<h2>Products</h2><ul>${list(products, (p) => `${p.name}<span>${left(p.id)}</span>${(p.price / 100).toFixed(2)} € ${buy(p.id)}`)}</ul>
<h2>You may like</h2><ul>${list(likes?.products, (id) => products?.find((p) => p.id === id)?.name ?? `product ${id}`)}</ul>
<h2>Customers</h2><ul>${list(users, (u) => `<a href="/?user=${u.id}">${u.name}</a>`)}</ul></html>`;
}

async function answer(request) {
  const url = new URL(request.url, 'http://web');
  if (url.pathname === '/health') return [200, 'text/plain', 'ok'];
  if (url.pathname === '/counts') return [200, 'application/json', JSON.stringify({ calls })];
  if (url.pathname === '/') return [200, 'text/html; charset=utf-8', await page(url)];
  if (url.pathname !== '/buy' || request.method !== 'POST') return [404, 'text/plain', `there is no ${url.pathname}`];
  const [user, product] = ['user', 'product'].map((name) => Number(url.searchParams.get(name)));
  const order = await ask('orders', '/orders', { user, product });
  return [303, 'text/plain', '', { location: `/?user=${user}&ordered=${order ? 'yes' : 'no'}` }];
}

const server = http.createServer(async (request, response) => {
  request.resume();
  const [status, type, body, more] = await answer(request);
  response.writeHead(status, { 'content-type': type, ...more, ...(stopping && { connection: 'close' }) }).end(body);
});
server.keepAliveTimeout = 65_000; // longer than who calls keeps a connection, so that it is never closed under a request
server.listen(PORT, HOST, () => console.log(`INFO web listens on ${HOST}:${PORT}`));
process.on('SIGTERM', () => {
  stopping = true;
  server.close(() => process.exit(0)); // when all that was begun is answered
  server.closeIdleConnections();
});

// orders: POST /orders {"user": 1, "product": 2} looks both up, takes the payment and tells the world by
// publishing order.created. GET /counts tells exactly what it asked of whom, and what came of it.
'use strict';
const http = require('node:http');
const { randomUUID } = require('node:crypto');

const { PORT, HOST = '127.0.0.1', BERTH_BUS_URL = 'http://127.0.0.1:7400' } = process.env;
const agent = new http.Agent({ keepAlive: true });
const calls = {};
let stopping = false;

// One request; resolves to {status, value}. The status of no answer is 0.
function call(method, url, value) {
  return new Promise((resolve) => {
    const body = value === undefined ? '' : JSON.stringify(value);
    const headers = body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {};
    const none = (error) => resolve({ status: 0, value: { error: error.message } });
    http.request(url, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => { text += part; }).on('error', none);
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode, value: JSON.parse(text) });
        } catch {
          resolve({ status: response.statusCode, value: { error: text } });
        }
      });
    }).on('error', none).end(body);
  });
}

async function ask(service, method, path, value) {
  const url = process.env[`${service.toUpperCase()}_URL`] ?? `http://${service}:7480`;
  const answer = await call(method, url + path, value);
  const count = (calls[service] ??= { requests: 0, errors: 0, statuses: {} });
  count.requests += 1;
  count.statuses[answer.status] = (count.statuses[answer.status] ?? 0) + 1;
  if (answer.status !== 0 && answer.status < 500) return answer;
  count.errors += 1;
  console.log(`ERROR ${service} ${answer.status ? `answered ${answer.status}` : 'did not answer'}: ${answer.value.error}`);
  return answer;
}

async function order(wish) {
  const [user, product] = await Promise.all([
    ask('users', 'GET', `/users/${wish.user}`), ask('products', 'GET', `/products/${wish.product}`)]);
  const missing = [user, product].find((answer) => answer.status !== 200);
  if (missing) return [missing.status === 404 ? 404 : 502, missing.value];
  const id = randomUUID();
  const payment = await ask('payments', 'POST', '/payments', { order: id, amount: product.value.price });
  if (payment.status !== 200) return [502, { error: 'the payment failed' }];
  const created = { id, user: user.value, product: product.value };
  const published = await call('POST', `${BERTH_BUS_URL}/v1/topics/order.created`, created);
  if (published.status >= 200 && published.status < 300) return [201, created]; // it is on disk
  console.log(`ERROR order ${id} could not be published: ${published.status} ${published.value.error}`);
  return [503, { error: 'the order could not be published' }];
}

async function answer(request, text) {
  if (request.url === '/health') return [200, { ok: true }];
  if (request.url === '/counts') return [200, { calls }];
  if (request.url !== '/orders' || request.method !== 'POST') return [404, { error: `there is no ${request.url}` }];
  try {
    return await order(JSON.parse(text));
  } catch (error) {
    return [400, { error: error.message }];
  }
}

const server = http.createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', async () => {
    const [status, value] = await answer(request, text);
    const headers = { 'content-type': 'application/json', ...(stopping && { connection: 'close' }) };
    response.writeHead(status, headers).end(JSON.stringify(value));
  });
});
server.keepAliveTimeout = 65_000; // longer than who calls keeps a connection, so that it is never closed under a request
server.listen(PORT, HOST, () => console.log(`INFO orders listens on ${HOST}:${PORT}`));
process.on('SIGTERM', () => {
  stopping = true;
  server.close(() => process.exit(0)); // when all that was begun is answered
  server.closeIdleConnections();
});

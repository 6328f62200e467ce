// http.mjs URL: asks an echoing server by Node's http, http2 and fetch; ends with "N passed, N failed".
import http from "node:http";
import http2 from "node:http2";
import { setTimeout as wait } from "node:timers/promises";

const url = new URL(process.argv[2]);
let passed = 0;
let failed = 0;

function expect(good, sentence) {
  if (!good) throw new Error(sentence);
}
async function test(name, work) {
  try {
    await Promise.race([work(), wait(60000, null, { ref: false }).then(() => expect(false, "60 s are over"))]);
    ++passed;
  } catch (error) {
    ++failed;
    console.log(`${name}: ${error.stack}`);
  }
}
async function textOf(stream) {
  stream.setEncoding("utf8");
  let text = "";
  for await (const part of stream) text += part;
  return text;
}
/// `parts` are sent one by one, with a pause between them.
function post(agent, parts, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: "POST", agent, headers });
    request.on("error", reject);
    request.on("response", async (response) => resolve({ response, text: await textOf(response), socket: request.socket }));
    const send = async () => {
      for (const part of parts) {
        request.write(part);
        if (parts.length > 1) await wait(5);
      }
      request.end();
    };
    headers.expect ? request.on("continue", send) : send();
    if (headers.expect) request.flushHeaders();
  });
}

await test("an agent keeps its connection, also over silences", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set();
  for (let i = 0; i < 30; ++i) {
    const { response, text, socket } = await post(agent, [`number ${i}`]);
    expect(response.statusCode === 200 && text.startsWith(`number ${i}`), text);
    sockets.add(socket);
    if (i % 3 === 0) await wait(60);
  }
  expect(sockets.size === 1, `${sockets.size} connections`);
  agent.destroy();
});
await test("many at once over four connections", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const all = await Promise.all([...Array(200).keys()].map((i) => post(agent, [`${i} `])));
  all.forEach(({ text }, i) => expect(text.startsWith(`${i} `), `${i}: ${text}`));
  agent.destroy();
});
await test("content in chunks, and after 100 Continue", async () => {
  const agent = new http.Agent();
  const { text } = await post(agent, ["a", "b".repeat(100000), "c"]);
  expect(text.startsWith(`a${"b".repeat(100000)}c`), "the chunks come back");
  const continued = await post(agent, ["waited for"], { expect: "100-continue" });
  expect(continued.text.startsWith("waited for"), continued.text);
});
await test("fetch", async () => {
  const response = await fetch(url, { method: "POST", body: "by fetch" });
  expect(response.ok && (await response.text()).startsWith("by fetch"), "the body comes back");
});
await test("http2: many streams of one session", async () => {
  const session = http2.connect(url.origin);
  const all = await Promise.all([...Array(100).keys()].map((i) => {
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.end(`${i} `);
    return textOf(stream);
  }));
  all.forEach((text, i) => expect(text.startsWith(`${i} `), `${i}: ${text}`));
  session.close();
});
console.log(`${passed} passed, ${failed} failed`);

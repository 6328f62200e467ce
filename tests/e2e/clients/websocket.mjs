// websocket.mjs URL: talks to an echoing WebSocket by Node's `ws`; ends with "N passed, N failed".
import WebSocket from "ws";

const url = process.argv[2];
let passed = 0;
let failed = 0;

let answered; // the extensions of the last handshake, as the server wrote them

function opened(options = {}) {
  const socket = new WebSocket(url, options);
  socket.setMaxListeners(100);
  socket.once("upgrade", (response) => (answered = response.headers["sec-websocket-extensions"] ?? ""));
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}
const heard = (socket, what) => new Promise((resolve, reject) => {
  socket.once(what, (...words) => resolve(words));
  socket.once("error", reject);
});
function expect(good, sentence) {
  if (!good) throw new Error(sentence);
}
async function test(name, work) {
  try {
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("60 s are over")), 60000)));
    await Promise.race([work(), late]);
    clearTimeout(timer);
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${error.stack}`);
  }
}

async function echoes(options, sizes) {
  const socket = await opened(options);
  for (const size of sizes) {
    const sent = "ö line\n".repeat(size / 8 + 1).slice(0, size);
    const answer = heard(socket, "message");
    socket.send(sent);
    const [data, binary] = await answer;
    expect(!binary && data.toString() === sent, `${size} characters of text`);
    const back = heard(socket, "message");
    socket.send(Buffer.from(sent));
    const [bytes, isBinary] = await back;
    expect(isBinary && bytes.equals(Buffer.from(sent)), `${size} bytes`);
  }
  const closed = heard(socket, "close");
  socket.close(4000, "done");
  const [code] = await closed;
  expect(code === 4000, `closed with ${code}`);
  return answered;
}
const sizes = [0, 1, 125, 126, 1000, 65535, 65536, 400000];

await test("echoes without compression", async () => {
  const extensions = await echoes({ perMessageDeflate: false }, sizes);
  expect(extensions === "", `extensions ${extensions}`);
});
await test("echoes with compression", async () => {
  const extensions = await echoes({ perMessageDeflate: { threshold: 0 } }, sizes);
  expect(extensions.startsWith("permessage-deflate"), `extensions ${extensions}`);
});
await test("echoes with a small window", async () => {
  const extensions = await echoes({ perMessageDeflate: { threshold: 0, serverMaxWindowBits: 9 } }, sizes);
  expect(extensions.includes("server_max_window_bits=9"), `extensions ${extensions}`);
});
await test("puts fragments together, with a ping between them", async () => {
  const socket = await opened();
  const message = heard(socket, "message");
  const pong = heard(socket, "pong");
  socket.send("Hel", { fin: false });
  socket.ping("between");
  socket.send("lo", { fin: true });
  expect((await pong)[0].toString() === "between", "the pong has the ping's content");
  expect((await message)[0].toString() === "Hello", "the message is whole");
  socket.terminate();
});
await test("a message of more than 1 MiB is too big", async () => {
  const socket = await opened({ perMessageDeflate: false });
  const closed = heard(socket, "close");
  socket.send(Buffer.alloc((1 << 20) + 1));
  expect((await closed)[0] === 1009, "closed with 1009");
});
await test("a thousand messages keep their order", async () => {
  const socket = await opened();
  let next = 0;
  const all = new Promise((resolve, reject) => {
    socket.on("message", (data) => {
      if (data.toString() !== `message ${next}`) reject(new Error(`${data} instead of ${next}`));
      if (++next === 1000) resolve();
    });
  });
  for (let i = 0; i < 1000; i++) socket.send(`message ${i}`);
  await all;
  socket.close();
});
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

// A WebSocket by Node's own HTTP/2 client (RFC 8441), beside another request of the connection:
//   node websocket_h2.mjs http://127.0.0.1:8000 /chat
import http2 from "node:http2";

const [origin, path] = process.argv.slice(2);
const session = http2.connect(origin);
await new Promise((resolve) => session.once("remoteSettings", resolve));
if (!session.remoteSettings.enableConnectProtocol) throw new Error("no extended CONNECT");

const stream = session.request({
  ":method": "CONNECT",
  ":protocol": "websocket",
  ":path": path,
  "sec-websocket-version": "13",
});
const status = await new Promise((resolve) => stream.once("response", (headers) => resolve(headers[":status"])));

const frame = (opcode, payload) => {
  const mask = Buffer.from([1, 2, 3, 4]);
  const long = payload.length > 125;
  const head = Buffer.from([0x80 | opcode, 0x80 | (long ? 126 : payload.length)]);
  const length = long ? Buffer.from([payload.length >> 8, payload.length & 255]) : Buffer.alloc(0);
  return Buffer.concat([head, length, mask, payload.map((byte, i) => byte ^ mask[i % 4])]);
};

let received = Buffer.alloc(0);
let arrived = () => {};
stream.on("data", (part) => {
  received = Buffer.concat([received, part]);
  arrived();
});
const bytes = async (count) => {
  while (received.length < count) await new Promise((resolve) => (arrived = resolve));
  const taken = received.subarray(0, count);
  received = received.subarray(count);
  return taken;
};
const message = async () => {
  const [first, second] = await bytes(2);
  const length = second === 126 ? (await bytes(2)).readUInt16BE() : second;
  return { opcode: first & 15, payload: await bytes(length) };
};

let echoed = 0;
for (const size of [0, 1, 125, 126, 60000]) {
  const payload = Buffer.alloc(size, "x");
  stream.write(frame(2, payload));
  const answer = await message();
  if (answer.opcode === 2 && answer.payload.equals(payload)) ++echoed;
}
const other = session.request({ ":path": "/" });
other.resume();
const beside = await new Promise((resolve) => other.once("response", (headers) => resolve(headers[":status"])));

stream.write(frame(8, Buffer.from([3, 232])));
const close = await message();
const ended = new Promise((resolve) => stream.once("close", resolve));
stream.end();
await ended;
session.close();
console.log(`status ${status}, echoed ${echoed} of 5, beside ${beside}, closed with ${close.payload.readUInt16BE()}`);

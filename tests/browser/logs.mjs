// Walks through the log explorer in a real Chromium, against a running Berth or web/mock, as console.mjs does; BASE_URL,
// TOKEN and SHOTS likewise. What the page shows is held against what the API answers.
import { api, complaints, end, expect, foreign, go, opened, shot, step, until } from "./walk.mjs";

const done = (page) => page.waitForSelector(".explorer[data-asked=done]");
const ids = (page) => page.$$eval(".found .line", (all) => all.map((line) => line.dataset.id));
async function search(page, query) {
  await page.fill("#query", query);
  await page.keyboard.press("Enter");
  await until(`${query} is in the address`, () => page.evaluate((q) => (new URLSearchParams(location.hash.split("?")[1]).get("q") ?? "") === q, query));
  await done(page);
}

const page = await opened({ viewport: { width: 1360, height: 900 }, colorScheme: "light" });
const services = (await api("/v1/state")).services;
const busiest = [...services].sort((a, b) => (b.requests_per_second ?? -1) - (a.requests_per_second ?? -1))[0].name;

await step("the header leads to the logs of the last hour, newest first", async () => {
  await page.click("header a[href='#/logs']");
  await done(page);
  await page.waitForSelector(".found .line");
  const times = await page.$$eval(".found .line", (all) => all.map((line) => Number(line.dataset.time)));
  expect(times.every((time, i) => i === 0 || time <= times[i - 1]), "not newest first");
  await page.waitForSelector(".histogram[data-bars]");
});

await step("a query finds what the API finds, and is kept in the address", async () => {
  const q = `service:${busiest} kind=request`;
  await search(page, q);
  const oldest = await until("lines of that service alone", async () => {
    const lines = await page.$$eval(".found .line", (all) => all.map((line) => ({ ...line.dataset })));
    return lines.length && lines.every((line) => line.service === busiest) && lines.at(-1);
  });
  const shown = await ids(page);
  const answer = await api(`/v1/logs?q=${encodeURIComponent(q)}&from=${Math.floor(oldest.time)}&lines=5000`);
  const answered = answer.lines.map((line) => line.id);
  expect(answered.join().endsWith(shown.join()), `the page shows ${shown.length} lines, the API has ${answered.length} since`);
  await page.reload();
  await done(page);
  expect((await page.inputValue("#query")) === q, "the query is gone after loading again");
});

await step("a wrong query shows where it is wrong, and what it was", async () => {
  await search(page, `service:${busiest} level:loud`);
  await page.waitForSelector(".fault");
  expect((await page.innerText(".fault mark")) === "loud", "another part is marked");
  expect((await page.getAttribute(".fault", "data-at")) === String(busiest.length + 15), "another place");
  expect((await page.innerText(".fault")).includes("a level is error, warn, info or debug"), "no reason");
  expect((await page.getAttribute("#query", "aria-invalid")) === "true", "the box is not marked");
  await shot(page, "logs-fault");
});

await step("nothing found says so, and offers a longer time", async () => {
  await search(page, "nosuchwordanywhere42");
  await page.getByText("No line in this time matches.").waitFor();
  await page.getByText("search seven days").waitFor();
});

await step("the histogram counts what the API counts, and dragging over it fixes the time", async () => {
  await search(page, `service:${busiest}`);
  const histogram = await page.waitForSelector(".histogram[data-bars]");
  const { from, step } = await histogram.evaluate((h) => ({ from: Number(h.dataset.from), step: Number(h.dataset.step) }));
  await until("as the API counts up to now", async () => {
    const shown = await page.$eval(".histogram", (h) => Number(h.dataset.lines));
    const answer = await api(`/v1/logs/histogram?q=service:${busiest}&from=${from}&steps=100`);
    return shown > 0 && shown <= answer.lines && answer.from <= from;
  });
  const box = await page.locator(".histogram .bars").boundingBox();
  const bars = await page.$eval(".histogram", (h) => Number(h.dataset.bars));
  const at = (bar) => box.x + ((bar + 0.5) / bars) * box.width;
  await page.mouse.move(at(bars - 3), box.y + 20);
  await page.mouse.down();
  await page.mouse.move(at(bars - 1), box.y + 30, { steps: 4 });
  await page.mouse.up();
  const fixed = await page.waitForSelector(".fixed");
  const time = await fixed.evaluate((f) => ({ from: Number(f.dataset.from), to: Number(f.dataset.to) }));
  expect(time.to - time.from === 3 * step, `picked ${time.to - time.from} ms, not three steps of ${step}`);
  await done(page);
  await until("only lines of that time", async () => {
    const times = await page.$$eval(".found .line", (all) => all.map((line) => Number(line.dataset.time)));
    return times.length && times.every((each) => each >= time.from && each < time.to);
  });
  await shot(page, "logs-light");
});

await step("by keyboard too: arrows, Shift and Enter", async () => {
  const before = await page.evaluate(() => location.hash);
  await page.focus(".histogram .bars");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Enter");
  await until("a narrower time", () => page.evaluate((old) => location.hash !== old, before));
});

await step("a line opens by key, with its fields, and a field narrows the search", async () => {
  await go(page, `#/logs?q=${encodeURIComponent(`service:${busiest} kind=request`)}`);
  await until("requests", async () => (await ids(page)).length > 0 && (await page.inputValue("#query")).includes("kind=request"));
  await done(page);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const opened = page.locator(".found .opened");
  await opened.first().waitFor();
  expect((await opened.first().locator("[data-field=status]").count()) === 1, "no field status");
  const status = await opened.first().locator("[data-field=status] dd span").innerText();
  await opened.first().locator("[data-field=status] .only").first().click();
  await until("narrowed", async () => (await page.inputValue("#query")).endsWith(`status:${status}`));
});

await step("from a line to its request, and from the request to its lines", async () => {
  // The one that writes most by itself: a young system's busiest may have said no more than where it listens.
  let writer = busiest;
  let most = 0;
  for (const { name } of services) {
    const { lines } = await api(`/v1/logs?q=${encodeURIComponent(`service:${name} -kind=request`)}&lines=50`);
    if (lines.length > most) [writer, most] = [name, lines.length];
  }
  expect(most > 0, "no service writes anything");
  await go(page, `#/logs?q=${encodeURIComponent(`service:${writer} -kind=request`)}`);
  await until("its own lines", async () => (await page.inputValue("#query")).includes("-kind=request"));
  await done(page);
  await until("a line that was written during a request", async () => {
    const summary = page.locator(".found .line .summary[aria-expanded=false]").first();
    await summary.click();
    const line = page.locator(".found .line:has(.summary[aria-expanded=true])").last();
    const trace = line.locator("nav a", { hasText: "all lines of" });
    if (await trace.count()) return true;
    await line.locator("[data-action=its-request]").click();
    const text = line.locator("nav");
    await until("an answer", async () => !/looking/.test(await text.innerText()));
    return (await line.locator("[data-request] a").count()) > 0;
  });
  const request = page.locator("[data-request] a").first();
  if (!(await request.count())) return;
  await request.click();
  await page.waitForSelector(".fixed");
  await done(page);
  await until("lines of that time", async () => (await ids(page)).length > 0);
});

await step("from a chart's peak to the slow requests and the lines of that minute in one step", async () => {
  await go(page, `#/service/${busiest}`);
  const link = page.locator(".peak").first();
  await link.waitFor();
  const peak = Number(await link.getAttribute("data-peak"));
  await link.click();
  const fixed = await page.waitForSelector(".fixed");
  const time = await fixed.evaluate((f) => ({ from: Number(f.dataset.from), to: Number(f.dataset.to) }));
  expect(time.to - time.from === 60_000 && time.from <= peak * 1000 && peak * 1000 < time.to, `${JSON.stringify(time)} is not the minute of ${peak}`);
  await page.waitForSelector(".slow-requests [data-request]");
  const seconds = await page.$$eval(".slow-requests tr", (all) => all.map((row) => row.dataset.request));
  const answer = await api(`/v1/logs?q=${encodeURIComponent(`service:${busiest} kind=request`)}&from=${time.from}&to=${time.to}&lines=5000`);
  const slowest = Math.max(...answer.lines.map((line) => Number(line.fields.seconds)));
  const first = answer.lines.find((line) => line.id === seconds[0]);
  expect(first && (Number(first.fields.seconds) === slowest || time.to > Date.now() - 5000), "the first is not the slowest");
  await until("lines", async () => (await ids(page)).length > 0);
  await shot(page, "logs-peak");
});

await step("older lines come behind, none twice", async () => {
  await go(page, "#/logs");
  await until("the first page", async () => (await page.inputValue("#query")) === "" && (await ids(page)).length === 200);
  await done(page);
  await page.click("[data-action=older]");
  await until("a second page", async () => (await ids(page)).length === 400);
  const all = await ids(page);
  expect(new Set(all).size === all.length, "a line stands there twice");
});

await step("live shows new lines by themselves, f begins and ends it", async () => {
  await go(page, `#/logs?q=${encodeURIComponent(`service:${busiest}`)}`);
  await until("the search", async () => (await page.inputValue("#query")) === `service:${busiest}`);
  await done(page);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("f");
  await page.waitForSelector(".explorer[data-live=true]");
  const before = (await ids(page))[0];
  await until("newer lines at the top", async () => {
    const now = await ids(page);
    return now[0] !== before && now.includes(before);
  });
  const now = await ids(page);
  expect(new Set(now).size === now.length, "a line stands there twice");
  await page.keyboard.press("f");
  await page.waitForSelector(".explorer[data-live=false]");
});

await step("a search that fails says so and can be tried again", async () => {
  await page.route("**/v1/logs?**", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"detail":"too many searches wait already; try again later"}' }));
  await go(page, "#/logs?last=900");
  await page.getByText("too many searches wait already").waitFor();
  await page.unroute("**/v1/logs?**");
  await page.click(".failed button");
  await until("lines again", async () => (await ids(page)).length > 0);
});

await step("everything that can be pressed has a name", async () => {
  const nameless = await page.$$eval("button, a, input, [role=slider]", (all) => all.filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim())).map((e) => e.outerHTML.slice(0, 120)));
  expect(nameless.length === 0, nameless.join("\n"));
});

await step("dark, and at 360 pixels nothing stands out of the page", async () => {
  const small = await opened({ viewport: { width: 360, height: 800 }, colorScheme: "dark" });
  await go(small, `#/logs?q=${encodeURIComponent(`service:${busiest} kind=request`)}`);
  await done(small);
  await small.locator(".found .summary").first().click();
  await small.waitForSelector(".found .opened");
  const over = await small.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(over <= 0, `${over} pixels too wide`);
  await shot(small, "logs-small-dark");
});

await step("the browser complained of nothing but the answers that were refused on purpose", async () => {
  const others = complaints.filter((text) => !/status of (400|503)/.test(text));
  expect(others.length === 0, others.join("\n"));
});
await step("no request went to another site", async () => expect(foreign.length === 0, foreign.join("\n")));
await end();

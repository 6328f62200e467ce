// Walks through the page of the proxy's figures in a real Chromium, against web/mock or a running Berth (BASE_URL, TOKEN, SHOTS as console.mjs).
// What a row shows is held against GET /v1/proxy. Ends with "N passed, N failed".
import { api, complaints, end, expect, foreign, go, opened, shot, step, until } from "./walk.mjs";

const page = await opened({ viewport: { width: 1360, height: 900 }, colorScheme: "light" }, "#/proxy");

/** All rows with what they tell. */
const shown = (which) =>
  which.$$eval(".proxy tbody tr", (rows) =>
    rows.map((row) => ({ ...row.dataset, text: row.innerText, cells: [...row.children].map((cell) => cell.innerText.trim()) })),
  );

await step("each listener, service and instance of the proxy has a row with its figures", async () => {
  await until("the same as the API tells", async () => {
    const before = await api("/v1/proxy");
    const rows = await shown(page);
    const after = await api("/v1/proxy");
    const check = (kind, name, old, now) => {
      const row = rows.find((each) => each[kind] === name);
      expect(row, `no row for ${kind} ${name}`);
      expect(row.status === old.status || row.status === now.status, `${name} is ${row.status}, the API says ${now.status}`);
      const asked = Number(row.requests);
      expect(asked <= now.requests && asked >= old.requests - 3 * Math.max(1, old.requests / 10), `${name} shows ${asked} requests, the API ${old.requests} to ${now.requests}`);
    };
    for (const [i, each] of before.listeners.entries()) check("listener", each.name, each, after.listeners[i]);
    for (const [i, service] of before.services.entries()) {
      check("service", service.name, service, after.services[i]);
      for (const [j, each] of service.instances.entries()) check("instance", each.name, each, after.services[i].instances[j]);
    }
    return before.services.length > 1 && before.listeners.length > 1;
  });
  const heads = await page.$$eval(".proxy table:first-of-type thead th", (all) => all.map((each) => each.innerText.trim()));
  for (const each of ["now", "per second", "requests", "in", "out", "2xx", "5xx", "denied", "errors", "aborts", "retries", "queue", "waited", "connect", "answer", "all"])
    expect(heads.includes(each), `no column ${each}: ${heads}`);
  await shot(page, "proxy-light");
});

await step("it is live: figures grow and rates appear", async () => {
  const busiest = (await shown(page)).filter((each) => each.service).sort((a, b) => b.requests - a.requests)[0];
  await until(`more requests of ${busiest.service}`, async () => {
    const now = (await shown(page)).find((each) => each.service === busiest.service);
    return Number(now.requests) > Number(busiest.requests) && /^[0-9]/.test(now.cells[3]) && Number.parseFloat(now.cells[3]) > 0;
  });
});

await step("by keyboard: j goes down the rows, Enter opens one, Esc returns, the tables can be scrolled", async () => {
  await page.locator("body").press("j");
  const first = await page.evaluate(() => document.activeElement?.closest("tr")?.dataset.service);
  expect(first, "no row has the focus");
  await page.keyboard.press("j");
  const second = await page.evaluate(() => document.activeElement?.closest("tr")?.dataset.instance);
  expect(second?.startsWith(`${first}/`), `the second row is ${second}`);
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await until("the service's page", () => page.url().endsWith(`#/service/${first}`));
  await page.keyboard.press("Escape");
  await until("the first page", () => page.url().endsWith("#/"));
  await page.locator("header a[href='#/proxy']").click();
  await page.waitForSelector(".proxy tbody tr");
  const regions = await page.$$eval(".proxy .scroll", (all) => all.map((each) => [each.tabIndex, each.getAttribute("role"), document.getElementById(each.getAttribute("aria-labelledby"))?.innerText]));
  expect(regions.length === 2 && regions.every(([index, role, title]) => index === 0 && role === "region" && title), JSON.stringify(regions));
});

await step("what the proxy does not answer is said, and the last figures stay", async () => {
  await page.route("**/v1/proxy", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ detail: "the proxy does not answer now" }) }));
  await until("a word about it", async () => (await page.locator(".proxy [role=alert]").innerText()).includes("the proxy does not answer now"));
  expect((await shown(page)).length > 2, "the rows are gone");
  await page.unroute("**/v1/proxy");
  await until("well again", async () => (await page.locator(".proxy [role=alert]").count()) === 0);
  for (let i = complaints.length - 1; i >= 0; i--) if (complaints[i].includes("503")) complaints.splice(i, 1); // the browser tells of the answer that was made up
});

await step("kept answers of a service are forgotten at a press", async () => {
  const buttons = page.locator("[data-action=purge]");
  if (!(await buttons.count())) return; // no service of this system keeps any
  const asked = page.waitForRequest((each) => each.url().includes("/v1/proxy/purge?service=") && each.method() === "POST");
  await buttons.first().focus();
  await page.keyboard.press("Enter");
  await asked;
  await until("a word about it", async () => (await page.locator("body").innerText()).includes("forgotten"));
});

await step("dark, and at 360 pixels nothing stands out of the page", async () => {
  const small = await opened({ viewport: { width: 360, height: 800 }, colorScheme: "dark" }, "#/proxy");
  await small.waitForSelector(".proxy tbody tr");
  expect((await small.evaluate(() => document.documentElement.dataset.theme)) === "dark", "the system's dark theme is not taken");
  const over = await small.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(over <= 0, `${over} pixels stand out`);
  const wide = await small.$eval(".proxy .scroll", (each) => each.scrollWidth > each.clientWidth);
  expect(wide, "the table does not scroll by itself");
  await shot(small, "proxy-small-dark");
  await small.context().close();
  const dark = await opened({ viewport: { width: 1360, height: 900 }, colorScheme: "dark" }, "#/proxy");
  await dark.waitForSelector(".proxy tbody tr");
  await shot(dark, "proxy-dark");
  await dark.context().close();
});

await step("the browser complained of nothing", async () => expect(complaints.length === 0, complaints.join("\n")));
await step("no request went to another site", async () => expect(foreign.length === 0, foreign.join("\n")));
await end();

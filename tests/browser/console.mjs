// Walks through the console in a real Chromium, against a running Berth or web/mock:
//
//   BASE_URL=http://127.0.0.1:7400 TOKEN=… [SHOTS=folder] [KILL=orders] [CHROMIUM=/usr/bin/chromium] node console.mjs
//
// What the page shows is held against what the API answers. Ends with "N passed, N failed".
import { PATIENCE_MS, api, base, browser, complaints, end, expect, foreign, go, opened, shot, shots, step, until } from "./walk.mjs";

const BACK_MS = 60_000; // an instance may take its time to become healthy

await step("without its token the page says what to do and shows nothing", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(base);
  await page.getByText("needs its token").waitFor();
  expect((await page.locator("table").count()) === 0, "a table is shown");
  await context.close();
});

const page = await opened({ viewport: { width: 1360, height: 900 }, colorScheme: "light" });

await step("the token is taken out of the address", async () => {
  expect(!page.url().includes("token"), page.url());
});

await step("one sentence says how the system is", async () => {
  const level = await page.locator(".sentence").getAttribute("data-level");
  expect(["ok", "warn", "bad"].includes(level), `level ${level}`);
  expect((await page.locator(".sentence .text").innerText()).length > 5, "the sentence is empty");
});

await step("every service has its row, the worst first", async () => {
  const rows = await page.$$eval("tr[data-service]", (all) => all.map((row) => ({ name: row.dataset.service, health: row.dataset.health })));
  const names = (await api("/v1/state")).services.map((s) => s.name);
  expect([...names].sort().join() === rows.map((r) => r.name).sort().join(), `rows ${rows.map((r) => r.name)} for ${names}`);
  const rank = { failing: 0, degraded: 1, starting: 2, healthy: 3, stopped: 4 };
  const ranks = rows.map((r) => rank[r.health]);
  expect(ranks.every((r, i) => i === 0 || r >= ranks[i - 1] || r === 3), `order ${rows.map((r) => r.health)}`);
});

await step("the table's numbers are those that the API answers", async () => {
  await until("each row equals the state", async () => {
    const [state, rows] = await Promise.all([
      api("/v1/state"),
      page.$$eval("tr[data-service]", (all) =>
        all.map((row) => ({
          name: row.dataset.service,
          rate: row.querySelector("[data-rate]").dataset.rate,
          errors: row.querySelector("[data-errors]").dataset.errors,
          median: row.querySelector("[data-median]").dataset.median,
        })),
      ),
    ]);
    const text = (value) => (value === null ? "" : String(value));
    for (const s of state.services) {
      const row = rows.find((r) => r.name === s.name);
      const same = row && row.rate === text(s.requests_per_second) && row.errors === text(s.errors_share) && row.median === text(s.median_seconds);
      expect(same, `${s.name}: the page has ${JSON.stringify(row)}, the API ${s.requests_per_second} ${s.errors_share} ${s.median_seconds}`);
    }
    return true;
  });
});

const chart = (name) =>
  page.$eval(`[data-chart=${name}]`, (figure) => ({
    end: Number(figure.dataset.end),
    series: [...figure.querySelectorAll("[data-series]")].map((row) => ({ name: row.dataset.series, last: row.dataset.last, points: Number(row.dataset.points) })),
  }));

await step("the chart has a median of each service that answers, and grows by itself", async () => {
  const busy = (await api("/v1/state")).services.filter((s) => (s.requests_per_second ?? 0) >= 1).map((s) => s.name);
  const before = await until(`a line for each of ${busy}`, async () => {
    const now = await chart("median");
    for (const name of busy) expect((now.series.find((s) => s.name === name)?.points ?? 0) >= 2, `${name} has no line`);
    return now;
  });
  await until("two more seconds", async () => (await chart("median")).end >= before.end + 2);
});

await step("the chart's last values are those of the series", async () => {
  await until("each last value equals the API's", async () => {
    const now = await chart("median");
    const answer = await api(`/v1/series?service=*&name=p50&step=1&from=${now.end * 1000}&to=${(now.end + 1) * 1000}`);
    let compared = 0;
    for (const s of answer.series) {
      const value = s.points.at(-1);
      if (value == null) continue;
      const shown = now.series.find((line) => line.name === s.labels.service)?.last;
      expect(Math.abs(Number(shown) - value) <= 1e-9 + value * 1e-6, `${s.labels.service}: shown ${shown}, answered ${value}`);
      compared++;
    }
    return compared > 0;
  });
});

await step("the map has each service and each pair that talks", async () => {
  await until("nodes and calls as answered", async () => {
    const state = await api("/v1/state");
    const nodes = await page.$$eval("[data-node]", (all) => all.map((n) => n.dataset.node));
    const calls = await page.$$eval("[data-call]", (all) => all.map((c) => c.dataset.call));
    for (const s of state.services) expect(nodes.includes(s.name), `no node ${s.name}`);
    for (const c of state.calls) {
      expect(nodes.includes(c.from) && nodes.includes(c.to), `no node for ${c.from} or ${c.to}`);
      expect(calls.includes(`${c.from} ${c.to}`), `no edge from ${c.from} to ${c.to}`);
    }
    return true;
  });
});

await step("everything that can be pressed has a name", async () => {
  const nameless = await page.$$eval("button, a, input, select", (all) =>
    all.filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim())).map((e) => e.outerHTML.slice(0, 120)));
  expect(nameless.length === 0, nameless.join("\n"));
});

await shot(page, "overview-light");

await step("keys: j and Enter open a service, Esc goes back, / finds, ? lists, t changes the theme", async () => {
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const second = await page.$eval("tbody tr[data-service]:nth-child(2)", (row) => row.dataset.service);
  expect((await page.evaluate(() => document.activeElement.closest("tr")?.dataset.service)) === second, "j j is not on the second row");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".head[data-service]");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".sentence");
  const name = (await api("/v1/state")).services.at(-1).name;
  await page.keyboard.press("/");
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.head[data-service="${name}"]`);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".sentence");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await until("the list of keys is gone", async () => (await page.locator("dialog[open]").count()) === 0);
  await page.keyboard.press("t");
  expect((await page.evaluate(() => document.documentElement.dataset.theme)) === "dark", "not dark");
  await page.keyboard.press("t");
});

/** A service to kill an instance of: the one wished for, or one whose fall is felt least. */
async function victim() {
  const services = (await api("/v1/state")).services.filter((s) => s.health === "healthy" && s.instances.length);
  const wished = services.find((s) => s.name === process.env.KILL);
  return wished ?? services.sort((a, b) => b.healthy - a.healthy)[0];
}

await step("an instance that is killed from the page goes and comes back", async () => {
  const service = await victim();
  expect(service, "no healthy service to kill an instance of");
  const id = service.instances[0].id;
  await go(page, `#/service/${service.name}`);
  const row = page.locator(`tr[data-instance="${id}"]`);
  await row.waitFor();
  const before = await row.evaluate((r) => ({ pid: r.dataset.pid, restarts: Number(r.dataset.restarts) }));
  await page.evaluate((which) => {
    window.seen = [];
    const look = () => {
      const r = document.querySelector(`tr[data-instance="${which}"]`);
      const now = r ? r.dataset.state : "no row";
      if (window.seen.at(-1) !== now) window.seen.push(now);
    };
    look();
    new MutationObserver(look).observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true });
  }, id);
  await row.locator("[data-action=kill]").click();
  await page.locator("dialog [data-action=confirm]").click();
  await page.waitForFunction(() => window.seen.some((state) => state !== "healthy"), null, { polling: 20, timeout: PATIENCE_MS });
  await shot(page, "instance-killed");
  await until(
    "healthy again as another process",
    async () => {
      const now = await row.evaluate((r) => ({ ...r.dataset }));
      return now.state === "healthy" && now.pid !== before.pid && Number(now.restarts) > before.restarts;
    },
    BACK_MS,
  );
  console.log(`       ${id} was ${(await page.evaluate(() => window.seen)).join(", then ")}`);
  await go(page, "#/");
  await page.locator(`.feed li[data-instance="${id}"]`).first().waitFor();
});

await step("a service's page has its charts, paths and logs", async () => {
  const services = (await api("/v1/state")).services;
  const busiest = [...services].sort((a, b) => (b.requests_per_second ?? -1) - (a.requests_per_second ?? -1))[0];
  await go(page, `#/service/${busiest.name}`);
  await until("lines in the charts", async () => {
    for (const name of ["rate", "percentiles", "statuses"]) {
      const { series } = await chart(name);
      expect(series.length && series[0].points >= 2, `chart ${name} of ${busiest.name} has no points`);
    }
    return true;
  });
  await page.locator("[data-path]").first().waitFor();
  const statuses = await page.$$eval("[data-status]", (all) => all.reduce((sum, e) => sum + Number(e.dataset.count), 0));
  expect(statuses > 0, "no answers by status");
  let lines = 0;
  for (const s of [busiest, ...services]) {
    await go(page, `#/service/${s.name}`);
    await page.waitForSelector(`.head[data-service="${s.name}"]`);
    lines = await until("a log line", async () => page.$eval(".logs", (e) => Number(e.dataset.lines)), 3000).catch(() => 0);
    if (lines) break;
  }
  expect(lines > 0, "no service has a log line");
  await shot(page, "service-light");
});

await step("dead letters are shown and sent again", async () => {
  const state = await api("/v1/state");
  const topic = state.topics[0];
  if (!topic) return console.log("       (no topic here)");
  await go(page, `#/topic/${topic.name}`);
  await page.waitForSelector(`.head[data-topic="${topic.name}"]`);
  const subscription = topic.subscriptions.find((s) => s.dead > 0);
  if (!subscription) return console.log("       (no dead letter here)");
  const again = page.locator("[data-dead] [data-action=send-again]");
  await again.first().waitFor();
  const count = await again.count();
  const first = await page.$eval("[data-dead]:is(li)", (e) => e.dataset.dead);
  await again.first().click();
  await until("the letter is gone from the list", async () => (await page.locator(`li[data-dead="${first}"]`).count()) === 0 || (await again.count()) > count);
});

await step("the button returns to the version before", async () => {
  await go(page, "#/");
  await page.waitForSelector(".sentence");
  const button = page.locator("[data-action=return]");
  if (!(await button.count())) return console.log("       (nothing to return from here)");
  const { service, return_to } = (await api("/v1/state")).sentence;
  await button.click();
  await page.locator("dialog [data-action=confirm]").click();
  await until(`${service} is healthy at version ${return_to}`, async () => {
    const now = (await api("/v1/state")).services.find((s) => s.name === service);
    return now.version === return_to && (await page.locator(`tr[data-service="${service}"][data-health=healthy]`).count()) === 1;
  }, BACK_MS);
  await page.locator(`[data-chart=median] [data-mark=rollback][data-service="${service}"]`).first().waitFor({ state: "attached" });
});

const small = await opened({ viewport: { width: 360, height: 800 }, colorScheme: "dark" });

await step("dark, and at 360 pixels nothing stands out of the page", async () => {
  expect((await small.evaluate(() => document.documentElement.dataset.theme)) === "dark", "the system's dark theme is not taken");
  const names = (await api("/v1/state")).services.map((s) => s.name);
  for (const fragment of ["#/", `#/service/${names[0]}`, `#/service/${names.at(-1)}`]) {
    await go(small, fragment);
    await small.waitForSelector(fragment === "#/" ? ".sentence" : ".head");
    await small.waitForSelector("[data-chart] canvas, .logs");
    const over = await small.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over <= 0, `${fragment} is ${over} pixels too wide`);
  }
  await shot(small, "service-small-dark");
  await go(small, "#/");
  await small.waitForSelector("[data-chart] canvas");
  await shot(small, "overview-small-dark");
});

if (shots) {
  const dark = await opened({ viewport: { width: 1360, height: 900 }, colorScheme: "dark" });
  await dark.waitForSelector("[data-chart] canvas");
  await until("lines in the chart", () => dark.$$eval("[data-chart=median] [data-series]", (rows) => rows.some((row) => Number(row.dataset.points) > 1)));
  await shot(dark, "overview-dark");
}

await step("the browser complained of nothing", async () => expect(complaints.length === 0, complaints.join("\n")));
await step("no request went to another site", async () => expect(foreign.length === 0, foreign.join("\n")));

await end();

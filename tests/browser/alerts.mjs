// Walks through the pages of alerts, KPIs and objectives in a real Chromium, against a running Berth or web/mock, as console.mjs does;
// BASE_URL, TOKEN and SHOTS likewise. What the pages show is held against what the API answers. What needs something that fires is left
// out where nothing does.
import { api, complaints, end, expect, foreign, go, opened, shot, step, until } from "./walk.mjs";

const page = await opened({ viewport: { width: 1360, height: 900 }, colorScheme: "light" });
const shown = (of = page) => of.$$eval(".alerts > li", (all) => all.map((li) => ({ ...li.dataset })));
const stateOf = (alert) =>
  alert.phase === "resolved" ? "resolved" : alert.silenced_by ? "silenced" : alert.explained_by ? "held back" : alert.phase === "pending" ? "pending" : alert.flapping ? "flapping" : "firing";
const fires = ({ alerts }) => alerts.filter((alert) => ["firing", "flapping"].includes(stateOf(alert)));
const ORDER = ["firing", "flapping", "pending", "held back", "silenced", "resolved"];
const first = await api("/v1/alerts");
const something = fires(first).length > 0;

await step("the header tells how many fire, and leads to them", async () => {
  await until("as many as the API has", async () => Number(await page.getAttribute("header a[href='#/alerts']", "data-firing")) === fires(await api("/v1/alerts")).length);
  await page.click("header a[href='#/alerts']");
  await page.waitForSelector(".alerts-page[data-asked=done]");
});

await step("each alert of the API stands there, what fires first", async () => {
  await until("the same alerts", async () => {
    const { alerts } = await api("/v1/alerts");
    const here = await shown();
    const name = (alert) => `${alert.labels.alertname} ${alert.labels.service ?? ""} ${stateOf(alert)} ${alert.value}`;
    return here.map((li) => `${li.alert} ${li.service ?? ""} ${li.state} ${li.value}`).sort().join() === alerts.map(name).sort().join();
  });
  const places = (await shown()).map((li) => ORDER.indexOf(li.state));
  expect(places.every((place, i) => i === 0 || places[i - 1] <= place), `the order is ${places}`);
});

await step("rules with their conditions, and what has happened", async () => {
  const { rules } = await api("/v1/alerts");
  const names = await page.$$eval(".rules > li", (all) => all.map((li) => li.dataset.rule));
  expect(names.join() === rules.map((rule) => rule.name).join(), `rules: ${names}`);
  const { history } = await api("/v1/alerts/history?limit=5");
  if (history.length) await page.waitForSelector(`.history li[data-what="${history[0].what}"]`);
  await shot(page, "alerts-light");
});

if (something) {
  await step("by key an alert opens: value, rule, what it depends on, its history", async () => {
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("j");
    expect(await page.evaluate(() => document.activeElement.matches(".alerts .row")), "j does not go to the first alert");
    await page.keyboard.press("Enter");
    const details = page.locator(".alerts > li").first().locator(".alert-details");
    await details.waitFor();
    const [data] = await shown();
    expect((await details.locator("[data-field=value]").innerText()) === data.value, "another value");
    const { rules } = await api("/v1/alerts");
    expect((await details.locator("[data-field=rule] code").innerText()) === rules.find((rule) => rule.name === data.alert).condition, "another condition");
    expect((await details.locator("[data-field=depends]").innerText()).length > 0, "nothing of what it depends on");
    await details.locator("[data-field=history] li").first().waitFor();
    await page.keyboard.press("Enter");
    await details.waitFor({ state: "detached" });
  });

  await step("s and a reason silence it; it stands among the silenced, with reason and end; a button ends that", async () => {
    const [before] = await shown();
    const count = fires(await api("/v1/alerts")).length;
    await page.focus(".alerts .row");
    await page.keyboard.press("s");
    await page.waitForSelector(".silence-form");
    await page.waitForSelector("[data-input=reason]:focus");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".silence-form", { state: "detached" });
    expect((await page.evaluate(() => location.hash)) === "#/alerts", "Esc left the page");
    await page.keyboard.press("s");
    await page.waitForSelector(".silence-form [data-input=reason]:focus");
    await shot(page, "alerts-silence");
    await page.keyboard.type('a "walk" is on');
    await page.keyboard.press("Tab");
    await page.selectOption("[data-input=for]", { label: "4 hours" });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const silenced = await until("it is silenced in the API", async () => (await api("/v1/alerts")).silences.find((each) => each.comment === 'a "walk" is on' && each.ends / 1e6 > Date.now()));
    const left = silenced.ends / 1e6 - Date.now();
    expect(left > 4 * 3600e3 - 60e3 && left <= 4 * 3600e3, `${left} ms are left`);
    await page.waitForSelector(`.alerts > li[data-state=silenced][data-alert="${before.alert}"]`);
    await until("the header counts one less", async () => Number(await page.getAttribute("header a[href='#/alerts']", "data-firing")) === count - 1);
    expect((await page.innerText(".silences")).includes('a "walk" is on'), "the reason is not told");
    await page.click(`[data-silence="${silenced.id}"] [data-action=end]`);
    await until("it is told again", async () => !(await shown()).some((li) => li.state === "silenced"));
    await page.waitForSelector(`.alerts > li[data-state=firing][data-alert="${before.alert}"]`);
  });

  await step("the button silences too", async () => {
    await page.click(".alerts > li[data-state=firing] [data-action=silence]");
    await page.fill("[data-input=reason]", "by button");
    await page.click("[data-action=confirm-silence]");
    const item = page.locator(".alerts > li[data-state=silenced]").first();
    await item.locator("[data-action=end]").click();
    await until("it is told again", async () => !(await shown()).some((li) => li.state === "silenced"));
  });

  await step("what is held back names its cause; a service's page leads to its own alerts", async () => {
    const held = first.alerts.find((alert) => stateOf(alert) === "held back");
    if (held) expect((await page.innerText(".alerts > li[data-state='held back'] .because")).includes(held.explained_by.alertname), "the cause is not named");
    const named = fires(await api("/v1/alerts")).find((alert) => alert.labels.service);
    if (!named) return;
    await go(page, `#/service/${named.labels.service}`);
    await page.waitForSelector("[data-link=alerts].bad");
    await page.click("[data-link=alerts]");
    await page.waitForSelector(".alerts-page[data-asked=done] .alerts > li");
    expect((await shown()).every((li) => li.service === named.labels.service), "alerts of others stand there");
  });

  await step("charts mark when an alert fired", async () => {
    const { alerts } = await api("/v1/alerts");
    const named = alerts.find((alert) => alert.labels.service && Date.now() - Date.parse(alert.fired_at) < 850_000);
    if (!named) return;
    await go(page, `#/service/${named.labels.service}`);
    await page.click(".ranges button:has-text('15 min')");
    const mark = await page.waitForSelector("[data-chart] [data-mark=alert]", { state: "attached" });
    expect((await mark.evaluate((li) => li.textContent)).includes("alert: "), "the mark does not say so");
    await shot(page, "alerts-mark");
  });
}

await step("KPIs beside their band, as the API has them", async () => {
  await go(page, "#/alerts");
  await page.click(".alerts-page a[href='#/kpis']");
  await page.waitForSelector(".kpis-page[data-asked=done]");
  await until("the same numbers", async () => {
    const { kpis } = await api("/v1/kpis");
    const here = await page.$$eval(".kpis > li", (all) => all.map((li) => `${li.dataset.kpi}=${li.dataset.value} ${li.dataset.unusual}`));
    const unusual = (kpi) => kpi.value !== null && ((kpi.least !== null && kpi.value < kpi.least) || (kpi.most !== null && kpi.value > kpi.most));
    return here.join() === kpis.map((kpi) => `${kpi.name}=${kpi.value ?? ""} ${unusual(kpi)}`).join();
  });
  const { kpis } = await api("/v1/kpis");
  if (!kpis.length) await page.getByText("No KPI has been named yet").waitFor();
  const banded = kpis.find((kpi) => kpi.least !== null && kpi.value !== null);
  if (banded) {
    const chart = await page.waitForSelector(`[data-kpi="${banded.name}"] svg.past`);
    expect(Number(await chart.getAttribute("data-points")) > 1, "no points");
  }
});

await step("objectives: what is left of the budget, and how fast it burns", async () => {
  const { objectives } = await api("/v1/kpis");
  if (!objectives.length) return void (await page.getByText("No objective has been set yet").waitFor());
  for (const objective of objectives) {
    const item = page.locator(`[data-objective="${objective.name}"]`);
    expect((await item.getAttribute("data-left")) === String(objective.left ?? ""), `${objective.name}: another budget`);
    const rates = await item.locator("tbody tr").evaluateAll((all) => all.map((tr) => tr.dataset.rate));
    expect(rates.join() === objective.burns.map((burn) => burn.rate ?? "").join(), `${objective.name} burns at ${rates}`);
  }
  await shot(page, "kpis-light");
});

await step("KPIs are reached by keys", async () => {
  const rows = await page.locator("[data-row]").count();
  if (!rows) return;
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("j");
  expect(await page.evaluate(() => document.activeElement.matches("[data-row]")), "j goes nowhere");
  await page.keyboard.press("Escape");
  await until("back", () => page.evaluate(() => location.hash === "#/"));
});

await step("at 360 pixels, in the dark, nothing leaves the page", async () => {
  const narrow = await opened({ viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true }, "#/alerts");
  await narrow.waitForSelector(".alerts-page[data-asked=done]");
  for (const fragment of ["#/alerts", "#/kpis"]) {
    await go(narrow, fragment);
    await narrow.waitForSelector(fragment === "#/kpis" ? ".kpis-page[data-asked=done]" : ".alerts-page[data-asked=done]");
    if (fragment === "#/alerts" && something) {
      await narrow.click(".alerts .row");
      await narrow.waitForSelector(".alert-details");
    }
    const wide = await narrow.evaluate(() => document.documentElement.scrollWidth);
    expect(wide <= 360, `${fragment} is ${wide} pixels wide`);
    await shot(narrow, `narrow-dark-${fragment.slice(2)}`);
  }
  expect(await narrow.isVisible("header a[href='#/alerts']"), "no way to the alerts");
  await narrow.context().close();
});

await step("no request to another site, and the browser complains about nothing", async () => {
  expect(foreign.length === 0, `asked ${foreign[0]}`);
  expect(complaints.length === 0, complaints.slice(0, 3).join("; "));
});

await end();

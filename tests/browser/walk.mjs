// What walks through the console share: a browser, steps that are counted, waiting for conditions, the API.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const base = (process.env.BASE_URL ?? "").replace(/\/$/, "");
export const token = process.env.TOKEN ?? "";
if (!base || !token) {
  console.error("BASE_URL and TOKEN are needed: the address and the token that berth dev prints");
  process.exit(2);
}
export const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });
export const PATIENCE_MS = 20_000;

let passed = 0;
let failed = 0;
export const complaints = []; // of the browser
export const foreign = []; // requests to another origin

export async function step(name, walk) {
  try {
    await walk();
    passed++;
    console.log(`ok     ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n       ${String(error.message ?? error).split("\n").slice(0, 8).join("\n       ")}`);
  }
}

export function expect(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

/** Tries until `look` gives something true, or throws what was wrong last. */
export async function until(sentence, look, limit = PATIENCE_MS) {
  const end = Date.now() + limit;
  let last = "";
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = `: ${error.message}`;
    }
    if (Date.now() > end) throw new Error(`not within ${limit / 1000} s: ${sentence}${last}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export async function api(path, init = {}) {
  const response = await fetch(base + path, { ...init, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } });
  expect(response.ok, `${path} answered ${response.status}: ${(await response.clone().text()).slice(0, 300)}`);
  return response.json();
}

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });

export async function opened(options, fragment = "#/") {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== base) foreign.push(request.url());
  });
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${base}/?token=${token}`);
  await page.waitForSelector("main[data-link=open][data-revision]");
  await go(page, fragment);
  return page;
}

export async function go(page, fragment) {
  await page.evaluate((to) => (location.hash = to), fragment);
}

export async function shot(page, name) {
  if (!shots) return;
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

export async function end() {
  await browser.close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

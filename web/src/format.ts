// Numbers and times as a person reads them. Unknown is a dash, never 0.

export const DASH = "–";

export function seconds(value: number | null | undefined): string {
  if (value == null) return DASH;
  if (value === 0) return "0 ms";
  if (value < 0.001) return `${digits(value * 1e6)} µs`;
  if (value < 1) return `${digits(value * 1e3)} ms`;
  if (value < 120) return `${digits(value)} s`;
  return span(value);
}

export function rate(value: number | null | undefined): string {
  return value == null ? DASH : digits(value);
}

export function share(value: number | null | undefined): string {
  if (value == null) return DASH;
  if (value === 0) return "0 %";
  const percent = value * 100;
  return percent < 0.1 ? "<0.1 %" : `${digits(percent)} %`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en").replaceAll(",", "\u202f");
}

/** Three figures at most: 0.42, 4.2, 42, 420, 4 200. */
function digits(value: number): string {
  if (value >= 1000) return count(value);
  if (value >= 99.5) return value.toFixed(0);
  if (value >= 9.95) return value.toFixed(value % 1 < 0.05 ? 0 : 1).replace(/\.0$/, "");
  if (value >= 1) return value.toFixed(1).replace(/\.0$/, "");
  return value === 0 ? "0" : value.toFixed(2).replace(/0$/, "");
}

/** A length of time: 8 s, 4 min, 2 h 5 min, 9 h, 3 d. */
export function span(length: number): string {
  const s = Math.max(0, Math.round(length));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) {
    const minutes = Math.floor((s % 3600) / 60);
    return `${Math.floor(s / 3600)} h${minutes && s < 6 * 3600 ? ` ${minutes} min` : ""}`;
  }
  return `${Math.floor(s / 86400)} d`;
}

export function ago(time: number | null, now: number): string {
  if (time == null) return DASH;
  const s = (now - time) / 1000;
  return s < 2 ? "just now" : `${span(s)} ago`;
}

const two = (value: number) => String(value).padStart(2, "0");

/** 14:03:22, local time. */
export function clock(time: number, withSeconds = true): string {
  const d = new Date(time);
  return `${two(d.getHours())}:${two(d.getMinutes())}${withSeconds ? `:${two(d.getSeconds())}` : ""}`;
}

/** For titles: the whole date. */
export function moment(time: number): string {
  const d = new Date(time);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock(time)}`;
}

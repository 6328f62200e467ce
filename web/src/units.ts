import { DASH, rate, seconds, share } from "./format";

// Values with their units, and the places of an axis' labels.

export type Format = (value: number | null | undefined) => string;

function withPrefix(value: number, base: number, names: string[]): string {
  let i = 0;
  let size = Math.abs(value);
  while (size >= base && i + 1 < names.length) {
    size /= base;
    i++;
  }
  return `${value < 0 ? "−" : ""}${rate(size)}${names[i] ? ` ${names[i]}` : ""}`;
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

export function formatOf(unit: string): Format {
  return (value) => {
    if (value == null || Number.isNaN(value)) return DASH;
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    if (unit === "s") return value < 0 ? `−${seconds(-value)}` : seconds(value);
    if (unit === "share") return share(value);
    if (unit === "bytes") return withPrefix(value, 1024, BYTES);
    if (unit === "bytes/s") return `${withPrefix(value, 1024, BYTES)}/s`;
    const number = Math.abs(value) >= 1e6 ? withPrefix(value, 1000, ["", "k", "M", "G", "T"]) : value < 0 ? `−${rate(-value)}` : rate(value);
    return unit === "1/s" ? `${number}/s` : unit ? `${number} ${unit}` : number;
  };
}

/** Round places from `least` to `most`, about `wanted` of them. */
export function ticks(least: number, most: number, wanted: number, binary = false): number[] {
  const span = most - least;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const base = binary ? 2 : 10;
  const rough = span / Math.max(1, wanted);
  const power = base ** Math.floor(Math.log(rough) / Math.log(base) + 1e-9);
  const step = (binary ? [1, 2] : [1, 2, 5, 10]).map((each) => each * power).find((each) => each >= rough * (1 - 1e-9))!;
  const out: number[] = [];
  for (let at = Math.ceil(least / step - 1e-9); at * step <= most + step * 1e-9; at++) out.push(at * step + 0); // no -0
  return out;
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

/** Milliseconds at which an axis of time has labels, whole in local time. */
export function timeTicks(from: number, to: number, wanted: number): number[] {
  const step = (TIME_STEPS.find((each) => (to - from) / 1000 / each <= wanted) ?? TIME_STEPS.at(-1)!) * 1000;
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const out: number[] = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) out.push(at);
  return out;
}

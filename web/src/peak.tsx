import { clock } from "./format";
import { logsLink, peakOf, quoted } from "./log_search";

const MINUTE_MS = 60_000;

/** From the highest value of a chart to the slow requests and the lines of its minute. */
export function PeakLink(props: { service: string; times: number[]; lines: (number | null)[][]; what: string }) {
  const peak = peakOf(props.times, props.lines);
  if (peak === null) return null;
  const minute = Math.floor((peak * 1000) / MINUTE_MS) * MINUTE_MS;
  return (
    <a class="peak" data-peak={peak} href={logsLink({ q: `service:${quoted(props.service)}`, from: minute, to: minute + MINUTE_MS })}>
      {props.what} at {clock(peak * 1000)}: slow requests and lines
    </a>
  );
}

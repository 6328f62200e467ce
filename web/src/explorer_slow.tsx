import { useEffect, useState } from "preact/hooks";
import { clock, seconds } from "./format";
import { type FoundLine, logsLink, quoted, type SearchAnswer, serviceOf, type Wanted } from "./log_search";

const SHOWN = 10;

/** The slowest requests of a short time, of the service that the query names if it does. */
export function SlowRequests({ wanted }: { wanted: Wanted }) {
  const [found, setFound] = useState<FoundLine[] | null>(null);
  const [failed, setFailed] = useState(false);
  const service = serviceOf(wanted.q);
  useEffect(() => {
    let gone = false;
    const query = `${service ? `service:${quoted(service)} ` : ""}kind=request`;
    fetch(`/v1/logs?q=${encodeURIComponent(query)}&from=${wanted.from}&to=${wanted.to}&lines=${SHOWN}&largest=seconds`)
      .then(async (response) => {
        if (!response.ok) throw new Error();
        const answer = (await response.json()) as SearchAnswer;
        if (!gone) setFound(answer.lines);
      })
      .catch(() => !gone && setFailed(true));
    return () => {
      gone = true;
    };
  }, [service, wanted.from, wanted.to]);
  if (!failed && found?.length === 0) return null;
  return (
    <div class="slow-requests" data-slow={found?.length ?? ""}>
      <h2>Slowest requests{service ? ` of ${service}` : ""} in this time</h2>
      {failed && <p class="bad">They cannot be read now.</p>}
      {!failed && !found && <p class="muted">Looking…</p>}
      {found && found.length > 0 && (
        <div class="scroll">
          <table>
            <tbody>
              {found.map((r) => (
                <tr key={r.id} data-request={r.id}>
                  <td>{clock(r.time)}</td>
                  <td class="number">{seconds(Number(r.fields.seconds))}</td>
                  <td class={r.level === "error" ? "bad" : ""}>{r.fields.status === "0" ? "–" : r.fields.status}</td>
                  <th scope="row">
                    <a data-row href={logsLink({ q: `instance:${quoted(r.instance)}`, from: r.time - Number(r.fields.seconds) * 1000 - 1, to: r.time + 2 })} title="the lines of its instance meanwhile">
                      {r.fields.method} {r.fields.path}
                    </a>
                  </th>
                  <td>{r.instance}</td>
                  <td class="muted">{r.fields.from}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

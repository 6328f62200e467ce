import { useEffect, useState } from "preact/hooks";
import { get, reasonOf } from "./api";
import { useVisible } from "./live";

/** What `path` answers, asked for again so long after each answer while the page is seen; `take` makes of an answer what is kept. */
export function usePolled<T, Kept>(path: string, everyMs: number, take: (before: Kept | null, answer: T) => Kept): { last: Kept | null; failed: string | null } {
  const [last, setLast] = useState<Kept | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const visible = useVisible();
  useEffect(() => {
    if (!visible) return;
    let timer = 0;
    let gone = false;
    const turn = async () => {
      try {
        const answer = await get<T>(path);
        if (gone) return;
        setLast((before) => take(before, answer));
        setFailed(null);
      } catch (error) {
        if (gone) return;
        setFailed(reasonOf(error));
      }
      timer = window.setTimeout(turn, everyMs);
    };
    void turn();
    return () => {
      gone = true;
      window.clearTimeout(timer);
    };
  }, [visible]);
  return { last, failed };
}

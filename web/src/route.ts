import { useEffect, useState } from "preact/hooks";

// Pages by the address's fragment: #/, #/service/NAME, #/service/NAME/N (its logs of one instance), #/topic/NAME.

export type Route =
  | { page: "overview" }
  | { page: "service"; name: string; instance?: string }
  | { page: "topic"; name: string };

export function parseRoute(fragment: string): Route {
  const [, page, name, number] = fragment.replace(/^#/, "").split("/").map(decode);
  if (page === "service" && name) return number ? { page, name, instance: `${name}/${number}` } : { page, name };
  if (page === "topic" && name) return { page, name };
  return { page: "overview" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const link = {
  service: (name: string) => `#/service/${encodeURIComponent(name)}`,
  instance: (id: string) => `#/service/${id.split("/").map(encodeURIComponent).join("/")}`,
  topic: (name: string) => `#/topic/${encodeURIComponent(name)}`,
};

export function useRoute(): Route {
  const [route, set] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const read = () => {
      if (location.hash === "#main") return; // the skip link
      set(parseRoute(location.hash));
      window.scrollTo(0, 0);
    };
    window.addEventListener("hashchange", read);
    return () => window.removeEventListener("hashchange", read);
  }, []);
  return route;
}

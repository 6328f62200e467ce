import { useEffect, useState } from "preact/hooks";

// Pages by the address's fragment: #/, #/service/NAME, #/service/NAME/N (its logs of one instance), #/topic/NAME, #/logs?QUERY,
// #/proxy, #/dashboards, #/dashboard/NAME?QUERY (what is seen of it: dashboard_model.ts), #/alerts, #/alerts/SERVICE, #/kpis.

export type Route =
  | { page: "overview" }
  | { page: "service"; name: string; instance?: string }
  | { page: "topic"; name: string }
  | { page: "logs"; search: string }
  | { page: "proxy" }
  | { page: "dashboards" }
  | { page: "alerts"; service: string }
  | { page: "kpis" }
  | { page: "dashboard"; name: string; query: string };

export function parseRoute(fragment: string): Route {
  const [place, query = ""] = fragment.replace(/^#/, "").split(/\?(.*)/s);
  if (place === "/logs") return { page: "logs", search: query };
  const [, page, name, number] = place!.split("/").map(decode);
  if (page === "service" && name) return number ? { page, name, instance: `${name}/${number}` } : { page, name };
  if (page === "topic" && name) return { page, name };
  if (page === "dashboards" || page === "kpis" || page === "proxy") return { page };
  if (page === "alerts") return { page, service: name ?? "" };
  if (page === "dashboard" && name) return { page, name, query };
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
  dashboards: "#/dashboards",
  alerts: (service = "") => (service ? `#/alerts/${encodeURIComponent(service)}` : "#/alerts"),
  kpis: "#/kpis",
  dashboard: (name: string, query = "") => `#/dashboard/${encodeURIComponent(name)}${query ? `?${query}` : ""}`,
  topic: (name: string) => `#/topic/${encodeURIComponent(name)}`,
};

export function useRoute(): Route {
  const [route, set] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const read = () => {
      if (location.hash === "#main") return; // the skip link
      const next = parseRoute(location.hash);
      set(next);
      if (next.page !== "logs") window.scrollTo(0, 0); // a search that is narrowed stays where it is
    };
    window.addEventListener("hashchange", read);
    return () => window.removeEventListener("hashchange", read);
  }, []);
  return route;
}

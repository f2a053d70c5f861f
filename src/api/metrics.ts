/** Metrics, as Prometheus reads them. */
import { PlainText, route } from "./route.ts";

export const getMetrics = route({
  method: "GET",
  path: "/metrics",
  topic: "health",
  summary: "Figures of the node, as Prometheus reads them",
  answers: { 200: PlainText },
  media: "text/plain; version=0.0.4; charset=utf-8",
});

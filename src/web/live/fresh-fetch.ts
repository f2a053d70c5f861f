/** Requests of the page to its node, past the browser's own cache. */
import type { Fetch } from "../../client/index.ts";

/**
 * A node lets what is final be kept for a year, under its address. If the chain is reset on the same port, another
 * block stands at that address, and a browser would go on to show the old one.
 */
export const freshFetch: Fetch = (url, init) => fetch(url, { ...init, cache: "no-store" });

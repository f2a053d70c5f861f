/** Events in the form that a browser's EventSource reads. */

/**
 * One event. JSON has no line breaks of its own, so its data is one line.
 *
 * @param id what a reader sends back as Last-Event-ID; undefined for an event that does not count
 */
export function eventText(event: string, data: unknown, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A comment, which a reader skips: it shows that the connection lives. */
export const heartbeat = Buffer.from(":\n\n");

/** How long a reader waits before it connects again. */
export function retryText(delayMs: number): string {
  return `retry: ${delayMs}\n\n`;
}

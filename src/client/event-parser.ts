/** Takes server-sent events out of a text that comes in pieces. */
import { type EventData, type EventName, eventNames } from "../api/events.ts";

/** One event of a node's stream; `event` says which, and so what `data` holds. */
export type NodeEvent = {
  readonly [Name in EventName]: {
    readonly event: Name;
    /** Undefined for an event that does not count: `gap`, `dropped`, `stopping`. */
    readonly id: string | undefined;
    readonly data: EventData<Name>;
  };
}[EventName];

// The names alone: a browser is given no schemas.
const known: ReadonlySet<string> = new Set(eventNames);
/** No event of a node is longer; more without an end is no event stream. */
const lengthMax = 4 * 2 ** 20;

export class EventParser {
  /** What the node wants a reader to wait before it connects again; undefined until it says so. */
  retryMs: number | undefined;
  #rest = "";

  /**
   * @returns the events that are complete; one with a name that this client does not know is left out
   * @throws SyntaxError if the text is no event stream of a node
   */
  take(text: string): NodeEvent[] {
    const blocks = `${this.#rest}${text}`.split("\n\n");
    this.#rest = blocks.pop() ?? "";
    if (this.#rest.length > lengthMax) throw new SyntaxError("an event that does not end");
    return blocks.flatMap((block) => this.#eventOf(block) ?? []);
  }

  #eventOf(block: string): NodeEvent | undefined {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      // A comment begins with the colon.
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ""));
    }
    const retryMs = Number(fields.get("retry"));
    if (retryMs > 0) this.retryMs = retryMs;
    const event = fields.get("event");
    const data = fields.get("data");
    if (event === undefined || data === undefined || !known.has(event)) return undefined;
    return { event, id: fields.get("id"), data: JSON.parse(data) } as NodeEvent;
  }
}

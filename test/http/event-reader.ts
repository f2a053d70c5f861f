/** Reads the event stream as any program does, over a plain connection, and holds every event against its schema. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { Compile } from "typebox/compile";
import { closed } from "../../src/api/closed-schema.ts";
import { type EventData, type EventName, eventShapes } from "../../src/api/events.ts";
import { patienceMs, until } from "../support/patience.ts";

const checks = new Map(
  Object.entries(eventShapes).map(([name, schema]) => [name, Compile(closed(schema))] as const),
);

export interface ReadEvent<Name extends EventName = EventName> {
  readonly id: string | undefined;
  readonly event: Name;
  readonly data: EventData<Name>;
}

export class EventReader {
  readonly events: ReadEvent[] = [];
  /** Comments, which say only that the connection lives. */
  beats = 0;
  bytes = 0;
  hasEnded = false;
  readonly response: http.IncomingMessage;
  readonly #request: http.ClientRequest;
  #rest = "";

  private constructor(request: http.ClientRequest, response: http.IncomingMessage) {
    this.#request = request;
    this.response = response;
    response.on("close", () => {
      this.hasEnded = true;
    });
    response.on("error", () => {});
    response.setEncoding("utf8");
  }

  /** @param path with its query, e.g. `/v1/events?topics=head` */
  static async open(
    url: string,
    path: string,
    options: { readonly headers?: http.OutgoingHttpHeaders; readonly reads?: boolean } = {},
  ): Promise<EventReader> {
    const request = http.get(`${url}${path}`, { agent: false, headers: options.headers ?? {} });
    request.on("error", () => {});
    const [response] = (await once(request, "response", {
      signal: AbortSignal.timeout(patienceMs()),
    })) as [http.IncomingMessage];
    const reader = new EventReader(request, response);
    if (options.reads ?? true) reader.read();
    return reader;
  }

  /** Begins to read; until then nothing is taken from the connection. */
  read(): void {
    this.response.on("data", (text: string) => this.#take(text));
  }

  of<Name extends EventName>(name: Name): EventData<Name>[] {
    return this.events.flatMap(({ event, data }) => (event === name ? [data as EventData<Name>] : []));
  }

  get lastId(): string {
    return this.events.findLast(({ id }) => id !== undefined)?.id ?? "";
  }

  async until(what: string, look: (reader: this) => unknown): Promise<void> {
    await until(what, async () => Boolean(await look(this)), { seen: () => this.events.slice(-5) });
  }

  close(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    this.bytes += text.length;
    const parts = `${this.#rest}${text}`.split("\n\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) this.#takeBlock(part);
  }

  #takeBlock(block: string): void {
    if (block.startsWith(":")) {
      this.beats += 1;
      return;
    }
    const field = (name: string) =>
      block
        .split("\n")
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const event = field("event") as EventName | undefined;
    if (event === undefined) {
      assert.match(block, /^retry: \d+$/);
      return;
    }
    const data = JSON.parse(field("data") ?? "") as EventData;
    const check = checks.get(event);
    assert.ok(check?.Check(data), `${event} does not fit its schema: ${JSON.stringify(data)}`);
    this.events.push({ id: field("id"), event, data });
  }
}

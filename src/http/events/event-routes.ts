/** The route of the event stream: who may listen, and to what. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { type EventTopic, eventAccountsMax, eventTopicsDefault, getEvents } from "../../api/events.ts";
import { toHex } from "../../base/bytes.ts";
import type { Chain } from "../../chain/chain.ts";
import { accountKeyOf } from "../account-reference.ts";
import { ApiError } from "../api-error.ts";
import { clientAddress } from "../door/client-address.ts";
import { serveStream } from "../serve-route.ts";
import type { EventHub } from "./event-hub.ts";
import type { Refused } from "./hub-options.ts";

export function addEventRoutes(
  app: FastifyInstance,
  { chain, hub }: { readonly chain: Chain; readonly hub: EventHub<EventTopic> },
): void {
  serveStream(app, getEvents, ({ query, request, reply }) => {
    const lastEventId = query.lastEventId ?? singleHeader(request.headers["last-event-id"]);
    const topics = query.topics ? [...new Set(query.topics.split(","))] : eventTopicsDefault;
    const subscription = {
      topics: topics as readonly EventTopic[],
      accounts: query.account === undefined ? undefined : accountKeysOf(query.account, chain),
      lastEventId,
      address: clientAddress(request.socket),
    };
    const refused = hub.refusal(subscription.address);
    if (refused) throw refusal(refused);
    beginStream(reply);
    hub.listen(subscription, reply.raw);
  });
}

function singleHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function accountKeysOf(text: string, chain: Chain): readonly string[] {
  const references = text.split(",");
  if (references.length <= eventAccountsMax)
    return references.map((reference) => toHex(accountKeyOf(reference.trim(), chain)));
  throw new ApiError(
    400,
    "api/request-invalid",
    `${references.length} accounts are more than ${eventAccountsMax}`,
    "name fewer, or listen to all transactions and pick your own",
  );
}

/** What hooks have set for this answer is sent with it; after this the response is the stream's alone. */
export function beginStream(reply: FastifyReply): void {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-content-type-options": "nosniff",
    // Else a proxy such as nginx collects events until its buffer is full.
    "x-accel-buffering": "no",
    connection: "close",
  });
  raw.flushHeaders();
  raw.socket?.setTimeout(0);
  raw.socket?.setKeepAlive(true, 30_000);
}

function refusal(reason: Refused): ApiError {
  const later = { "retry-after": "10" };
  const next = "close streams that nobody reads; one stream can carry all topics";
  switch (reason) {
    case "too-many":
      return new ApiError(503, "events/too-many", "as many programs listen as may", next, undefined, later);
    case "too-many-from-address":
      return new ApiError(
        429,
        "events/too-many",
        "as many programs listen from this address as may",
        next,
        undefined,
        later,
      );
    case "stopping":
      return new ApiError(
        503,
        "node/stopping",
        "the node stops",
        "connect again after a while",
        undefined,
        later,
      );
  }
}

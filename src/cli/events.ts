/** `aurex-node events`: what happens in a running node, a line for each event. */

import { InvalidArgumentError } from "commander";
import { type EventTopic, eventTopics, eventTopicsDefault } from "../api/events.ts";
import { visibleText } from "../base/visible-text.ts";
import type { NodeEvent } from "../client/event-parser.ts";
import { type ConnectionState, followEvents } from "../client/event-stream.ts";
import { AurexCommand } from "./command.ts";
import { listed } from "./flag-values.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { addStopSignals } from "./stop-signals.ts";
import { type Terminal, writeJson, writeLine } from "./terminal.ts";

interface Flags extends ApiFlags, JsonFlag {
  readonly topics: readonly EventTopic[];
  readonly account?: readonly string[];
  readonly after?: string;
}

export function eventsCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("events", terminal)
    .description(
      "Follow what happens in a running node until Ctrl-C, a line for each event. After a restart of the node it goes on; what could not be told meanwhile is said as a gap.",
    )
    .option(
      "--topics <list>",
      `what to hear of, with commas between: ${eventTopics.join(", ")}`,
      topicsFrom,
      eventTopicsDefault,
    )
    .option(
      "--account <address|name>",
      "of transactions only those of this account; may be repeated",
      (one: string, before: string[] = []) => [...before, one],
    )
    .option("--after <id>", "begin after the event with this id, if the node still has it")
    .examples(
      "aurex-node events",
      "aurex-node events --topics head,reorg,final",
      "aurex-node events --topics transaction --account alice@example.com",
      "aurex-node events --topics warning --json | jq .data.what",
    )
    .runs(async ({ topics, account, after, json, ...flags }: Flags) => {
      const client = await connect(flags, terminal);
      const stop = endSignals(terminal);
      const events = followEvents(client, {
        topics,
        ...(account === undefined ? {} : { accounts: account }),
        ...(after === undefined ? {} : { lastEventId: after }),
        signal: stop.signal,
        onConnection: (state) => sayConnection(state, terminal),
      });
      try {
        for await (const event of events) {
          if (json) writeJson(terminal, event);
          else writeLine(terminal, eventText(event));
        }
      } catch (thrown) {
        if (!stop.signal.aborted) throw thrown;
      } finally {
        stop.remove();
      }
    });
  return addJsonFlag(addApiFlags(command));
}

/** Ctrl-C, and a reader of stdout that went away: nobody is left to tell. */
export function endSignals(terminal: Terminal): { readonly signal: AbortSignal; remove(): void } {
  const stop = addStopSignals();
  const unread = new AbortController();
  const onGone = () => unread.abort();
  terminal.stdout.on("error", onGone);
  return {
    signal: AbortSignal.any([stop.signal, unread.signal]),
    remove() {
      stop.remove();
      terminal.stdout.off("error", onGone);
    },
  };
}

function topicsFrom(text: string): EventTopic[] {
  const words = text.split(",").map((word) => word.trim());
  const wrong = words.find((word) => !eventTopics.some((topic) => topic === word));
  if (wrong === undefined) return words as EventTopic[];
  throw new InvalidArgumentError(`"${wrong}" is no topic; there are ${listed(eventTopics)}.`);
}

function sayConnection(state: ConnectionState, terminal: Terminal): void {
  if (state.connected) return;
  const reason = state.reason instanceof Error ? state.reason.message : String(state.reason);
  const seconds = Math.ceil(state.retryInMs / 1_000);
  terminal.stderr.write(`the node is gone (${visibleText(reason)}); it is tried again in ${seconds} s\n`);
}

const shortDigits = 16;
const short = (hash: string) => `${hash.slice(0, shortDigits)}…`;
const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** One line, whatever strangers have written into it. */
export function eventText(event: NodeEvent): string {
  return visibleText(`${event.event.padEnd(11)}  ${detailOf(event)}`);
}

function detailOf(event: NodeEvent): string {
  switch (event.event) {
    case "snapshot": {
      const { name, consensus, head, final, mempool, peers } = event.data;
      const finalText = final ? `, final ${final.height}` : "";
      return `${name} on ${consensus}, head ${head.height} ${short(head.hash)}${finalText}, ${count(peers, "peer")}, ${mempool.count} waiting`;
    }
    case "head": {
      const { height, hash, transactionCount, reorganization } = event.data;
      const undone = reorganization ? `, ${count(reorganization.revertedCount, "block")} undone` : "";
      return `${height} ${short(hash)}, ${count(transactionCount, "transaction")}${undone}`;
    }
    case "block": {
      const { height, hash, transactionCount, canonical } = event.data;
      return `${height} ${short(hash)}, ${count(transactionCount, "transaction")}${canonical ? "" : ", beside the chain"}`;
    }
    case "reorg": {
      const { head, previous, ancestor, revertedCount, appliedCount } = event.data;
      return `from ${previous.height} ${short(previous.hash)} to ${head.height} ${short(head.hash)}: ${revertedCount} undone, ${appliedCount} joined above ${ancestor.height}`;
    }
    case "final":
      return `${event.data.height} ${short(event.data.hash)}`;
    case "transaction":
      return `${event.data.status} ${transactionText(event.data)} in block ${event.data.block.height}`;
    case "mempool": {
      const reason = event.data.reason ? `: ${event.data.reason.message}` : "";
      return `${event.data.status} ${transactionText(event.data)}${reason}; ${event.data.count} waiting`;
    }
    case "peer": {
      const { change, name, nodeId, reason, peers } = event.data;
      return `${change} ${name ?? nodeId}${reason ? ` (${reason})` : ""}; ${count(peers, "peer")}`;
    }
    case "authority":
      return authorityText(event.data);
    case "status": {
      const { sealing, notSealingBecause, peers } = event.data;
      return `${sealing}${notSealingBecause ? `: ${notSealingBecause}` : ""}; ${count(peers, "peer")}`;
    }
    case "warning": {
      const { state, what, why, next } = event.data;
      return state === "raised" ? `${what}: ${why}; next: ${next}` : `over: ${what}`;
    }
    case "gap":
      return `events are missing (${event.data.reason}); ${event.data.next}`;
    case "dropped":
    case "stopping":
      return event.data.next;
  }
}

function transactionText({
  id,
  kind,
  sender,
  to,
  amount,
}: Extract<NodeEvent, { readonly event: "transaction" | "mempool" }>["data"]): string {
  const amountText = amount === null ? "" : ` of ${amount} AUR`;
  return `${kind} ${id}${amountText} from ${sender}${to === null ? "" : ` to ${to}`}`;
}

function authorityText(data: Extract<NodeEvent, { readonly event: "authority" }>["data"]): string {
  switch (data.change) {
    case "set":
      return `${count(data.authorities.length, "authority").replace("authoritys", "authorities")} now${changes("added", data.added)}${changes("removed", data.removed)}`;
    case "candidate":
      return `${data.name} asks to become one: ${data.authority}`;
    case "evidence":
      return `evidence (${data.kind}) against ${data.authority}`;
  }
}

const changes = (verb: string, addresses: readonly string[]) =>
  addresses.length === 0 ? "" : `, ${verb} ${addresses.join(", ")}`;

/** Says why a node cannot be heard, and what helps. */
import { ApiProblem } from "../../client/index.ts";

export interface StreamProblem {
  readonly reason: string;
  readonly next: string;
}

/**
 * @param thrown by a request or by the event stream
 * @param isStopping the last that the node said was that it stops
 */
export function streamProblem(thrown: unknown, isStopping = false): StreamProblem {
  if (isStopping) {
    return { reason: "The node was stopped.", next: "Start it again. This page goes on by itself." };
  }
  if (thrown instanceof ApiProblem) {
    return { reason: `The node refuses: ${thrown.message}.`, next: sentence(thrown.next) };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (/no Aurex node/.test(message)) {
    return {
      reason: sentence(message),
      next: "Check what runs at this address, or start the node there again.",
    };
  }
  return {
    reason: /ended the stream/.test(message)
      ? "The node has ended the connection."
      : "Nobody answers at this address.",
    next: "Start the node if it was stopped. If it runs, check the network between this browser and the node.",
  };
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** Each kind of trouble in words: what the lab does, and what there is to be seen then. */
import type { LabAction, LabTrouble } from "../../api/lab.ts";

const texts: Readonly<Record<LabAction, Omit<LabTrouble, "action">>> = {
  start: {
    title: "Start",
    does: "Starts the node's process with its own data.",
    lookFor:
      "Within seconds the node fetches the blocks that it has missed, and its head is that of the others.",
  },
  stop: {
    title: "Stop",
    does: "Asks the process to end, as Ctrl-C does.",
    lookFor:
      "The others lose a peer and go on; if one of two authorities is gone, no block becomes final until it is back.",
  },
  kill: {
    title: "Kill",
    does: "Ends the process at once, as kill -9 does: nothing is written any more.",
    lookFor:
      "After the next start nothing is lost: every block and transaction that the node had confirmed is there.",
  },
  restart: {
    title: "Restart",
    does: "Stops the process and starts it again.",
    lookFor: "The node comes back with the head that it had, and catches up from there.",
  },
  cut: {
    title: "Cut off",
    does: "Cuts every line of the node: it runs on, and nobody reaches it.",
    lookFor:
      "Its peers fall to 0: send something to it, and a miner goes on alone on a branch of its own, while an authority waits for the others.",
  },
  heal: {
    title: "Heal",
    does: "Joins the node's lines again.",
    lookFor:
      "The node dials the others within seconds; if both sides have made blocks, the heavier branch wins, and the forks page shows what left.",
  },
  delay: {
    title: "Delay",
    does: "Holds back whatever runs over the node's lines, each way; a new connection has 3 s without delay for its handshake.",
    lookFor:
      "It hears of each block late, and its latency grows on the network page of the others; from 2 s on requests time out, and peers come and go.",
  },
  withhold: {
    title: "Withhold blocks",
    does: "Cuts the miner off and has it mine in private, on transactions of its own, faster than the others.",
    lookFor: "Its height runs ahead of the others, who know nothing of it.",
  },
  release: {
    title: "Release blocks",
    does: "Joins the miner's lines again, so that it shows its private chain at once.",
    lookFor:
      "If the private chain is heavier, the others reorganize: their own newest blocks leave the chain, and the forks page shows them.",
  },
  clock: {
    title: "Set the clock",
    does: "Restarts the node with a clock that is wrong, or right again.",
    lookFor:
      "A clock that is ahead makes blocks of the future, which the others hold back; one that is behind holds back the blocks of the others, and the node says that its clock is off.",
  },
  tamper: {
    title: "Tamper",
    does: "Stops the node, changes an amount in its database by hand, and starts it again.",
    lookFor:
      "The node notices at its start, fetches from the others what was changed, and says so in its log.",
  },
  send: {
    title: "Send a payment",
    does: "Signs a payment of 1 AUR from the node's own account to the next node's, and hands it to this node.",
    lookFor:
      "It waits at every node that can be reached, until a block takes it: then the heads of the chain move.",
  },
};

export const labTroubles: readonly LabTrouble[] = Object.entries(texts).map(([action, text]) => ({
  action: action as LabAction,
  ...text,
}));

export function lookForOf(action: LabAction): string {
  return texts[action].lookFor;
}

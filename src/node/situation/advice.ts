/** From a node's whole situation to what its operator should do: the one place that gives advice. Pure. */

import type { Advice } from "../../api/node-status.ts";
import { durationText } from "../../base/duration-text.ts";
import { shellWord } from "../../base/shell-word.ts";
import { plausibleFromMs } from "../../network/peers/clock-comparison.ts";
import { authorityAdvice } from "./authority-advice.ts";
import type { Situation } from "./situation.ts";

const setClock = "sudo timedatectl set-ntp true";

/** The most urgent first; empty if all is well, or if what keeps the node from sealing passes by itself. */
export function adviceOn(situation: Situation): Advice[] {
  return [
    ...clockAdvice(situation),
    ...machineAdvice(situation),
    ...damageAdvice(situation),
    ...(situation.authorities ? authorityAdvice(situation, situation.authorities) : []),
  ].sort((a, b) => Number(b.fault) - Number(a.fault));
}

function clockAdvice(situation: Situation): Advice[] {
  const { clock, consensus } = situation;
  if (clock.nowMs < plausibleFromMs) {
    return [
      {
        code: "clock",
        fault: true,
        what: `this machine's clock says ${timeText(clock.nowMs)}`,
        why: "this software was written later, so the clock is wrong; the node takes other nodes' blocks for future blocks, and seals nothing",
        next: `${setClock}; the node goes on by itself`,
      },
    ];
  }
  if (clock.isOff) {
    const why =
      consensus === "poa"
        ? "an authority whose clock is off by more than 2 s signs nothing"
        : "other nodes hold this node's blocks back until their time, or this node holds back theirs";
    return [{ code: "clock", fault: true, what: clock.note ?? "this clock is off", why, next: setClock }];
  }
  return [...chainAheadAdvice(situation), ...otherClocksAdvice(situation)];
}

function otherClocksAdvice({ clock }: Situation): Advice[] {
  if (clock.note === undefined) return [];
  const next = clock.isConfirmed
    ? `on the machine of ${clock.apart.join(", ")}: ${setClock}`
    : `on both machines: ${setClock}`;
  const why = "a node holds back or refuses future blocks, so the chain stays split until the clocks agree";
  return [{ code: "clock", fault: true, what: clock.note, why, next }];
}

/** The chain is what is off, unless this clock is: setting the clock right is no advice if others agree with it. */
function chainAheadAdvice({ clock, head, aheadDoubtMs, mayFoundAnew, dataDir }: Situation): Advice[] {
  const aheadMs = head.timestampMs - clock.nowMs;
  if (aheadMs <= aheadDoubtMs) return [];
  const whose = clock.isConfirmed
    ? "other clocks agree with this one, so a clock was ahead when the chain was sealed"
    : `no other clocks were measured: if this one is wrong, set it (${setClock}); if it is right, a clock was ahead when the chain was sealed`;
  const wait = `wait until ${timeText(head.timestampMs)}`;
  return [
    {
      code: "chain-ahead",
      fault: true,
      what: `the chain is ${durationText(aheadMs)} ahead of this clock`,
      why: `the timestamp of its newest block is ${timeText(head.timestampMs)}, and a block may not be earlier than its parent; ${whose}`,
      next: mayFoundAnew
        ? `aurex-node found-anew --data-dir ${shellWord(dataDir)} (sets this chain aside, deletes nothing, and begins anew), or ${wait}`
        : `${wait}: the node goes on by itself then`,
    },
  ];
}

function machineAdvice({ notSealingBecause, dataDir, startCommand }: Situation): Advice[] {
  switch (notSealingBecause) {
    case "key seen elsewhere":
      return [
        {
          code: "key",
          fault: true,
          what: "another process signs with this node's key",
          why: "the signatures of two processes with one key can get the key slashed, so this node has left its peers",
          next: `stop one of the two, then start this one again: ${startCommand}`,
        },
      ];
    case "disk full":
      return [
        {
          code: "disk",
          fault: true,
          what: "the disk is full",
          why: "no block can be stored",
          next: `free some space there (df -h ${shellWord(dataDir)}); the node goes on by itself`,
        },
      ];
    case "disk fails":
      return [
        {
          code: "disk",
          fault: true,
          what: "the data directory cannot be written",
          why: "no block can be stored; the last error in the log names the file",
          next: `repair the disk or the permissions (ls -la ${shellWord(dataDir)}); the node goes on by itself`,
        },
      ];
    default:
      return [];
  }
}

function damageAdvice({ damagedBlocks, mendedHeights, peers }: Situation): Advice[] {
  const why =
    "the bytes on disk are not the bytes that this node wrote: the disk is failing, or somebody changed the file";
  const lasting = "if nobody changed the file, check the disk: sudo smartctl -a /dev/…";
  if (damagedBlocks > 0) {
    const what =
      damagedBlocks === 1 ? "1 block on disk is damaged" : `${damagedBlocks} blocks on disk are damaged`;
    const next =
      peers > 0
        ? `nothing: the node fetches them from its peers; ${lasting}`
        : "connect this node with a node that has the chain: this node then fetches them by itself";
    return [{ code: "store", fault: true, what, why, next }];
  }
  if (mendedHeights.length === 0) return [];
  const names = mendedHeights.join(", ");
  const what = `block ${names} was damaged on disk and was fetched again from a peer`;
  return [{ code: "store", fault: false, what, why, next: lasting }];
}

/** E.g. "2026-01-01 12:00:05 UTC". */
function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

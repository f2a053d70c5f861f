/** What the authorities of a chain mean for a node: admission, slashing, a quorum that is not heard, and the way out. Pure. */
import type { Advice } from "../../api/node-status.ts";
import { openLanAuthoritiesMax, operatorWaits } from "../../authority/admission-rule.ts";
import { meaningOfTwo } from "../../authority/chain-alarms.ts";
import { shellWord } from "../../base/shell-word.ts";
import type { AuthoritySituation, MemberSituation, Situation } from "./situation.ts";

/** So many blocks without finality are more than votes under way, for a set of this size. */
const lagBlocks = (authorities: number) => 16 + 4 * authorities;

export function authorityAdvice(situation: Situation, set: AuthoritySituation): Advice[] {
  return [
    ...slashedAdvice(situation, set),
    ...gateAdvice(situation, set),
    ...quorumAdvice(situation, set),
    ...admissionAdvice(situation, set),
    ...candidateAdvice(situation, set),
    ...twoAdvice(set),
  ];
}

function slashedAdvice({ dataDir, startCommand }: Situation, { slashed }: AuthoritySituation): Advice[] {
  return slashed.map(({ address, why, isSelf }): Advice => {
    if (!isSelf) {
      return {
        code: "slashed",
        fault: false,
        what: `authority ${address} was slashed: ${why}`,
        why: "two of its own signatures are the evidence; its key can never seal again",
        next: "on its machine: aurex-node doctor",
      };
    }
    return {
      code: "slashed",
      fault: true,
      what: `this node was slashed: ${why}`,
      why: "its key was restored from a backup, ran on two machines, or its journals were lost; it can never seal again",
      next: `stop this node and start it with a new key: ${startCommand.replace(dataDir, `${dataDir}-new`)}; it then asks to become an authority`,
    };
  });
}

/** An authority that has not heard another one since its start. */
function gateAdvice(situation: Situation, { members, isAnotherReached }: AuthoritySituation): Advice[] {
  const { isMeantToSeal, startCommand } = situation;
  const self = members.find(({ isSelf }) => isSelf);
  if (!isMeantToSeal || !self || isAnotherReached || members.length < 2) return [];
  const others = members.filter(({ isSelf }) => !isSelf);
  return [
    {
      code: "authorities",
      fault: true,
      what: `this node has heard from none of the other ${others.length} authorities since its start, and signs nothing`,
      why: "only the other authorities know what this key has signed; if this node is a restored backup, its key would be slashed if it signed alone",
      next: `start the others (${namesOf(others)}) and connect them; if they are gone for good, and this node is no backup, stop this node and start it so: ${startCommand} --sign-alone`,
    },
  ];
}

function quorumAdvice(situation: Situation, set: AuthoritySituation): Advice[] {
  const { members, quorum, finalHeight, awaitsFinality, isAnotherReached } = set;
  const heard = members.filter(({ isHeard }) => isHeard);
  const isSelf = members.some((member) => member.isSelf);
  if (members.length < 2) return [];
  if (heard.length < quorum) return isSelf && !isAnotherReached ? [] : [lostQuorum(situation, set, heard)];
  const lag = situation.head.height - finalHeight;
  if (!awaitsFinality || lag <= lagBlocks(members.length)) return [];
  return [
    {
      code: "finality",
      fault: true,
      what: `nothing has become final for ${lag} blocks, though ${heard.length} of ${members.length} authorities are heard`,
      why: `finality needs the votes of ${quorum} authorities, and at least one of the authorities that are heard does not vote`,
      next: `on each machine of ${namesOf(heard)}: aurex-node doctor`,
    },
  ];
}

/** The quorum that is gone, what cannot happen without it, and the command that ends it if it is gone for good. */
function lostQuorum(
  { head, startCommand }: Situation,
  { members, quorum, majority, leftByRecovery }: AuthoritySituation,
  heard: readonly MemberSituation[],
): Advice {
  const missing = members.filter(({ isHeard }) => !isHeard);
  const votes =
    heard.length < majority ? `a change of the set needs ${majority} votes, so no vote can pass` : "";
  const stays = missing.filter(({ address }) => leftByRecovery.includes(address));
  const others = heard.filter(({ isSelf }) => !isSelf);
  // Who sealed one of the last 2n blocks up to the trusted one stays in the set (decision 008).
  const outAtHeight = Math.max(...stays.map(({ sealedHeight }) => sealedHeight)) + 2 * members.length;
  const command = `${startCommand} --trust-recovery ${head.hash}`;
  const everywhere =
    others.length === 0
      ? ""
      : `; then start ${namesOf(others)} and every follower with the same --trust-recovery ${head.hash}`;
  const wayOut =
    stays.length === 0
      ? `stop this node and start it so: ${command}${everywhere}`
      : `keep this node sealing up to height ${outAtHeight} (it is at ${head.height}): until then the missing authorities count as active; after that, this advice shows the command with --trust-recovery`;
  return {
    code: "finality",
    fault: true,
    what: `only ${heard.length} of ${members.length} authorities are heard, and finality needs ${quorum}: nothing becomes final`,
    why: `${namesOf(missing)} ${missing.length === 1 ? "is" : "are"} not heard; ${votes || "a vote that passes is not in force before its block is final"}`,
    next: `start ${namesOf(missing)} again; if ${missing.length === 1 ? "it is" : "they are"} gone for good: ${wayOut}`,
  };
}

/** What keeps a node out that wants to be an authority. */
function admissionAdvice(situation: Situation, set: AuthoritySituation): Advice[] {
  const { isMeantToSeal, address, dataDir, peers, clock } = situation;
  const { members, slashed, isAsking, wasAuthority, policy, windowEndsAtMs, majority } = set;
  if (!isMeantToSeal || members.some(({ isSelf }) => isSelf) || slashed.some(({ isSelf }) => isSelf))
    return [];
  const advice = (what: string, why: string, next: string): Advice[] => [
    { code: "admission", fault: true, what, why, next },
  ];
  if (!isAsking) {
    return advice(
      "this node is no authority and does not ask to become one",
      "its operator removed it from the set while it ran",
      `aurex-node authority propose --data-dir ${shellWord(dataDir)}; then on ${majority} of the ${members.length} authorities: aurex-node authority vote add ${address}`,
    );
  }
  const what = "this node waits to be admitted as an authority";
  if (peers === 0) {
    return advice(
      what,
      "it is not connected with any authority, and only authorities can admit it",
      `connect it with an authority: ${situation.startCommand} --bootstrap /ip4/ADDRESS/tcp/13246`,
    );
  }
  const who = `on ${majority} of the ${members.length} authorities`;
  const voteAdd = `${who}: aurex-node authority vote add ${address}`;
  if (wasAuthority) {
    return advice(what, "it was an authority before, so only votes of operators can admit it again", voteAdd);
  }
  if (policy === "vote") return advice(what, "admission is by votes of operators on this chain", voteAdd);
  if (policy === "token") return [];
  if (members.length >= openLanAuthoritiesMax) {
    return advice(
      what,
      `there are ${members.length} authorities; only votes of operators can admit more`,
      voteAdd,
    );
  }
  if (clock.nowMs < windowEndsAtMs) return [];
  return advice(what, "the join window is closed", `${who}: aurex-node authority open --for 10m`);
}

/** For the operator of an authority: who waits for a decision. */
function candidateAdvice({ dataDir }: Situation, { members, candidates }: AuthoritySituation): Advice[] {
  if (!members.some(({ isSelf }) => isSelf)) return [];
  return candidates.flatMap(({ address, name, waitsFor }): Advice[] => {
    if (waitsFor === undefined) return [];
    const isWindow = waitsFor === "the join window is closed";
    if (!isWindow && !operatorWaits.has(waitsFor) && waitsFor !== "there are seven authorities") return [];
    const command = isWindow ? "open --for 10m" : `vote add ${address}`;
    return [
      {
        code: "candidates",
        fault: false,
        what: `${name || address} asks to become an authority`,
        why: waitsFor,
        next: `to let it in, on more than half of the authorities: aurex-node authority ${command} --data-dir ${shellWord(dataDir)}`,
      },
    ];
  });
}

function twoAdvice({ members }: AuthoritySituation): Advice[] {
  if (members.length !== 2 || members.some(({ isHeard }) => !isHeard)) return [];
  const next = "start a third one: aurex-node --consensus poa --authority";
  return [
    {
      code: "two-authorities",
      fault: false,
      what: "this chain has two authorities",
      why: meaningOfTwo,
      next,
    },
  ];
}

/** Of dozens the first few: what is advised is the same for all of them, and an address has 64 letters. */
const namesMax = 5;

function namesOf(members: readonly MemberSituation[]): string {
  const names = members.slice(0, namesMax).map(({ name, address }) => name || address);
  const others = members.length - names.length;
  return others === 0 ? names.join(", ") : `${names.join(", ")} and ${others} more`;
}

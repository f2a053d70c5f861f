/** That one block of a Proof of Authority chain is final: a link of attested blocks, and the headers from the block up to it. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { ok, type Result } from "../base/result.ts";
import { authorityStateOf } from "../consensus/poa/authority-state.ts";
import { genesisBlockOf } from "../ledger/genesis-state.ts";
import type { Header } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { type AttestedBlock, authorityHeaderHash } from "./attested-block.ts";
import { type AuthorityLight, type AuthorityLightModules, proveLink } from "./authority-light.ts";
import { finalBy, linkTo, newestAttested } from "./certified-blocks.ts";
import { type LightFault, lightFault } from "./light-fault.ts";
import type { LightSource } from "./light-source.ts";

/** Blocks between the one that is asked for and the next final one that can be shown: a proof has a header for each. */
export const finalityHeadersMax = 2_048;

export interface FinalityProof {
  readonly link: readonly AttestedBlock[];
  /** From the block itself, each the parent of the next, up to one that the link proves to be final. */
  readonly headers: readonly Header[];
}

export interface ProvenBlock {
  readonly header: Header;
  readonly hash: Uint8Array;
}

/** Judges a proof with the authorities that the reader knows: it has to have followed the chain up to the link's. */
export function verifyFinality(
  light: AuthorityLight,
  { link, headers }: FinalityProof,
  modules: AuthorityLightModules,
): Result<ProvenBlock, LightFault> {
  const [first] = headers;
  if (!first) return lightFault("light/malformed", "a proof has the header of its block");
  const finals = knownFinals(light, first, modules.spec);
  if (link.length > 0) {
    const proven = proveLink(light, link, modules);
    if (!proven.ok) return proven;
    finals.push(...proven.value.finals);
  }
  let parent: Uint8Array | undefined;
  for (const header of headers) {
    if (parent && !bytesEqual(header.parentHash, parent)) {
      return lightFault("light/link-broken", `block ${header.height} has another parent`);
    }
    parent = authorityHeaderHash(header);
  }
  const top = parent as Uint8Array;
  const isFinal = finals.some(
    ({ height, hash }) => height === headers.at(-1)?.height && bytesEqual(hash, top),
  );
  if (!isFinal) return lightFault("light/not-final", `${toHex(top)} is not shown to be final`);
  if (!bytesEqual(first.chainId, modules.spec.chainId)) {
    return lightFault("light/wrong-chain", `the block is of chain ${toHex(first.chainId)}`);
  }
  return ok({ header: first, hash: authorityHeaderHash(first) });
}

/** What the reader needs no link for. */
function knownFinals({ final }: AuthorityLight, { height }: Header, spec: ChainSpec): Checkpoint[] {
  return height === 0 ? [final, { height, hash: genesisBlockOf(spec).hash }] : [final];
}

/** "not-final": no certificates show it so far. "too-long": the next final block is too far above it. */
export type NoProof = "not-final" | "too-long";

/** Puts the proof for a canonical block together. */
export function finalityProofOf(height: number, source: LightSource): FinalityProof | NoProof {
  const genesis = height === 0 ? source.recordAt(0) : undefined;
  // Block 0 follows from the chain spec alone.
  if (genesis) return { link: [], headers: [genesis.header] };
  const link = linkOver(height, source);
  const target = link && source.recordAt(link.at(-1)?.header.height ?? 0);
  if (!link || !target) return "not-final";
  const final = finalBy(link, authorityStateOf(target));
  if (final.height - height >= finalityHeadersMax) return "too-long";
  const headers: Header[] = [];
  for (let at = height; at <= final.height; at += 1) {
    const record = source.recordAt(at);
    if (!record) return "not-final";
    headers.push(record.header);
  }
  return { link, headers };
}

/** A link that proves a block at or above `height` to be final, the first one that there is. */
function linkOver(height: number, source: LightSource): AttestedBlock[] | undefined {
  const head = source.head.header.height;
  const showsFinal = (at: number) => {
    const record = source.recordAt(at);
    return record !== undefined && authorityStateOf(record).finalized.height >= height;
  };
  // What a chain shows as final only goes up, so the first block that shows it is found by halves.
  let [low, high] = [height + 1, head + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (showsFinal(middle)) high = middle;
    else low = middle + 1;
  }
  for (let at = low; at <= Math.min(head, low + certifiedSearchMax); at += 1) {
    const [certificate] = source.sectionAt(at)?.certificates ?? [];
    const link = certificate && provingLink(certificate.targetHeight, height, source);
    if (link) return link;
  }
  const newest = newestAttested(source);
  return newest && provingLink(newest.header.height, height, source);
}

/** Blocks that are searched for a certificate above the first one that shows the block as final. */
const certifiedSearchMax = 128;

function provingLink(target: number, height: number, source: LightSource): AttestedBlock[] | undefined {
  const record = source.recordAt(target);
  const link = record && linkTo(target, source);
  return link && finalBy(link, authorityStateOf(record)).height >= height ? link : undefined;
}

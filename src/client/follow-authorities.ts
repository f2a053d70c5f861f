/** Follows a Proof of Authority chain: its sets of authorities, and what they have made final. */
import { bytesEqual, fromHex, toHex } from "../base/bytes.ts";
import { AuthorityStateType } from "../consensus/poa/authority-state.ts";
import type { AttestedBlock } from "../light/attested-block.ts";
import {
  type AuthorityLight,
  beginAuthorityLight,
  decodeAuthorityLight,
  encodeAuthorityLight,
  followStep,
} from "../light/authority-light.ts";
import { verifyFinality } from "../light/finality-proof.ts";
import { decodeLightStep } from "../light/light-step.ts";
import type { Header } from "../protocol/block.ts";
import { decode } from "../protocol/codec.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { verifySignature } from "../protocol/signing.ts";
import { type Follower, pagesMax } from "./follower.ts";
import { held, NotVerified } from "./verified.ts";

/**
 * @param stored what `encode` gave another time
 * @param trusted hashes in hex of blocks that operators declared final (trust recovery) and that the caller believes
 */
export function followAuthorities(
  spec: ChainSpec,
  stored: Uint8Array | undefined,
  trusted: readonly string[],
): Follower {
  const trustedHashes = trusted.map((hash) => {
    const bytes = fromHex(hash, 32);
    if (!bytes) throw new TypeError(`${hash} is no hash: 64 hex digits`);
    return bytes;
  });
  const modules = { spec, verify: verifySignature, trusted: trustedHashes };
  let light = stored === undefined ? beginAuthorityLight(spec) : resumed(spec, stored);
  return {
    get tip() {
      return light.final;
    },
    get authorities() {
      return light.sets.at(-1)?.authorities;
    },
    authoritiesAt: (height) => light.sets.findLast(({ sinceHeight }) => sinceHeight <= height)?.authorities,
    async follow(ask, check) {
      let from = light.attestedHeight;
      for (let pages = 0; ; pages += 1) {
        const { items, next } = await ask(from);
        for (const bytes of items) {
          light = held(followStep(light, held(decodeLightStep(bytes)), modules));
        }
        if (next === undefined) break;
        if (next <= from || pages === pagesMax) {
          throw new NotVerified("light/malformed", `the way does not lead on from block ${from}`);
        }
        from = next;
      }
      check(
        "authorities",
        `${setsText(light.sets.length)} up to block ${light.attestedHeight}; final up to block ${light.final.height}, ${toHex(light.final.hash)}`,
      );
    },
    judge({ link, headers }, check) {
      const { header, hash } = held(verifyFinality(light, { link, headers }, modules));
      check("header", `block ${header.height} has the hash ${toHex(hash)}`);
      if (link.length > 0) check("certificates", link.map(signaturesIn).join("; "));
      check("final", reasonOfFinality(header.height, link.length, headers));
      return { header, hash, confirmations: undefined };
    },
    encode: () => encodeAuthorityLight(light),
  };
}

function setsText(count: number): string {
  return count === 1
    ? "the first authorities are those"
    : `${count} sets of authorities, each let in by the one before,`;
}

function signaturesIn({ header, state, certificate }: AttestedBlock): string {
  const decoded = decode(AuthorityStateType, state, "authority state");
  const all = decoded.ok ? decoded.value.authorities.length : 0;
  return `${certificate.signatures.length} of ${all} authorities have signed block ${header.height}`;
}

/** @param headers from the block itself up to the one that the certificates make final */
function reasonOfFinality(height: number, certificates: number, headers: readonly Header[]): string {
  if (certificates === 0 && height === 0) return "block 0 follows from the chain spec";
  const top = headers.at(-1)?.height ?? height;
  const by =
    certificates === 0 ? `block ${top} is known to be final` : `these certificates make block ${top} final`;
  if (top === height) return by;
  return `${by}, and ${headers.length - 1} headers lead from it down to block ${height}`;
}

function resumed(spec: ChainSpec, stored: Uint8Array): AuthorityLight {
  const light = decodeAuthorityLight(stored);
  const first = light?.sets[0]?.authorities ?? [];
  const { authorities } = spec.genesis;
  const isOfChain =
    first.length === authorities.length && first.every((key, index) => bytesEqual(key, authorities[index]!));
  if (light && isOfChain) return light;
  throw new NotVerified("light/stored-invalid", "what was stored is no state of this chain");
}

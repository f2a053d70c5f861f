/** The genesis that a founder writes, and what trust an admission policy means. */

import { toHex } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import { chainSpecFrom } from "../../protocol/chain-spec-json.ts";
import type { AdmissionPolicy, ChainSpec } from "../../protocol/genesis.ts";
import { addressOf } from "../../protocol/identity.ts";

export interface FounderTerms {
  readonly network: string;
  readonly founder: Uint8Array;
  readonly admission: AdmissionPolicy;
  readonly nowMs: number;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
}

const joinWindowMs = 3_600_000;

export function foundedSpec({ network, founder, admission, nowMs, salt }: FounderTerms): ChainSpec {
  const address = addressOf(founder);
  const spec = chainSpecFrom({
    name: network,
    consensus: "poa",
    timestamp: new Date(nowMs).toISOString(),
    salt: toHex(salt),
    authorities: [address],
    periodMs: 2_000,
    stepMs: 1_000,
    heartbeatMs: 30_000,
    admission,
    joinWindowMs: admission === "open-lan" ? joinWindowMs : 0,
    allocations: { [address]: "1000000" },
    minimumFee: "0.00000001",
  });
  invariant(spec.ok, "a founder's own genesis is sound");
  return spec.value;
}

/** One sentence for the operator: whom a chain of this policy trusts. */
export function trustText({ admission, genesis }: ChainSpec): string {
  const texts: Record<AdmissionPolicy, string> = {
    "open-lan": `open-lan: everyone on this LAN can become an authority until ${new Date(genesis.timestampMs + genesis.joinWindowMs).toISOString()}`,
    token: "token: only who was given the network's token can connect and become an authority",
    vote: "vote: nobody becomes an authority unless the operators of more than half of the authorities vote for it",
  };
  return texts[admission ?? "vote"];
}

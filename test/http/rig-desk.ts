/** The admission desk of the rig's authority, or of another key, over the rig's own chain and mempool. */
import { EventEmitter } from "node:events";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Chain } from "../../src/chain/chain.ts";
import type { Mempool } from "../../src/mempool/mempool.ts";
import type { Hello } from "../../src/network/messages.ts";
import type { NetworkEvents } from "../../src/network/network.ts";
import { AdmissionDesk } from "../../src/node/authority/admission-desk.ts";
import { OwnCandidacy } from "../../src/node/authority/own-candidacy.ts";
import { VoteCaster } from "../../src/node/authority/vote-caster.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";

export interface RigDesk {
  open(parts: { readonly chain: Chain; readonly mempool: Mempool }): AdmissionDesk;
  /** A node on the LAN asks to become an authority. */
  candidate(keyPair: KeyPair): void;
}

export function rigDesk(keyPair: KeyPair): RigDesk {
  const network = { events: new EventEmitter<NetworkEvents>() };
  let chainId = new Uint8Array(32);
  return {
    open({ chain, mempool }) {
      chainId = new Uint8Array(chain.spec.chainId);
      const candidacy = new OwnCandidacy({ keyPair, authority: true }, chain);
      const submit = mempool.add.bind(mempool);
      const caster = new VoteCaster(keyPair, { chain, mempool, submit, clock: systemClock });
      const desk = new AdmissionDesk(
        { publicKey: keyPair.publicKey, authority: true },
        { chain, network, candidacy, caster, mayVote: () => true, clock: systemClock, logger: silentLogger },
      );
      desk.start();
      return desk;
    },
    candidate(candidate) {
      const { publicKey } = candidate;
      const candidacy = { expiresAtHeight: 900, consent: signConsent(chainId, 900, candidate) };
      const hello: Partial<Hello> = {
        publicKey,
        name: Buffer.from("box"),
        height: 0,
        candidacy: [candidacy],
      };
      const peer = {
        peerId: nodeIdOf(publicKey),
        address: "/ip4/10.0.0.7/tcp/1",
        direction: "inbound",
      } as const;
      // The desk reads nothing else of a hello.
      network.events.emit("hello", peer, hello as Hello);
    },
  };
}

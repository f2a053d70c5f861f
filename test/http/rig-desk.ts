/** An API rig with an admission desk, of its authority or of another key, over its own chain and mempool. */
import { EventEmitter } from "node:events";
import { AdmissionController } from "../../src/authority/admission-controller.ts";
import { OwnCandidacy } from "../../src/authority/own-candidacy.ts";
import { SlashedList } from "../../src/authority/slashed.ts";
import { VoteCaster } from "../../src/authority/vote-caster.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Handshake } from "../../src/network/messages.ts";
import type { NetworkEvents } from "../../src/network/network.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import { addressOf, nodeIdOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { TestPermission } from "../support/test-permission.ts";
import { type ApiRig, authority, keyOfTest, openApiRig, type RigOptions } from "./api-rig.ts";

export const own = addressOf(authority.publicKey);
export const candidate = keyOfTest(7);
export const candidateAddress = addressOf(candidate.publicKey);

export interface DeskRig extends ApiRig {
  /** The candidate's node, on the LAN, asks to become an authority. */
  candidateAsks(): void;
}

/** @param keyPair of the node whose desk it is */
export async function openDeskRig(
  keyPair: KeyPair,
  options: Pick<RigOptions, "door"> = {},
): Promise<DeskRig> {
  const network = { events: new EventEmitter<NetworkEvents>() };
  const rig = await openApiRig({
    ...options,
    authorities({ chain, mempool }) {
      const candidacy = new OwnCandidacy({ keyPair, authority: true }, chain);
      const submit = mempool.add.bind(mempool);
      const caster = new VoteCaster(keyPair, { chain, mempool, submit, clock: systemClock });
      const permission = new TestPermission();
      const slashed = new SlashedList(chain);
      const desk = new AdmissionController(keyPair.publicKey, {
        ...{
          chain,
          network,
          candidacy,
          caster,
          slashed,
          permission,
          clock: systemClock,
          logger: silentLogger,
        },
      });
      chain.events.on("headChanged", () => desk.look());
      desk.start();
      return desk;
    },
  });
  return {
    ...rig,
    candidateAsks() {
      const { publicKey } = candidate;
      const { chainId } = rig.chain.spec;
      const candidacy = { expiresAtHeight: 900, consent: signConsent(chainId, 900, candidate) };
      // The desk reads nothing else of a handshake.
      const who = { publicKey, name: Buffer.from("box") } as Partial<Handshake>;
      const peer = {
        peerId: nodeIdOf(publicKey),
        address: "/ip4/10.0.0.7/tcp/1",
        direction: "inbound",
        connectedAtMs: 0,
      } as const;
      network.events.emit("candidacy", peer, who as Handshake, { height: 0, candidacy: [candidacy] });
    },
  };
}

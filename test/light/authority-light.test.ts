/** A reader that starts from the chain id alone, over the real engine: every way in which a set changes, and every lie. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareBytes, includesBytes, toHex } from "../../src/base/bytes.ts";
import { type AuthorityState, AuthorityStateType } from "../../src/consensus/poa/authority-state.ts";
import { lightSourceOf } from "../../src/http/light-source.ts";
import { type AttestedBlock, authorityHeaderHash } from "../../src/light/attested-block.ts";
import {
  type AuthorityLight,
  type AuthorityLightModules,
  beginAuthorityLight,
  decodeAuthorityLight,
  encodeAuthorityLight,
  followStep,
} from "../../src/light/authority-light.ts";
import { stepsAfter } from "../../src/light/build-steps.ts";
import { type FinalityProof, finalityProofOf, verifyFinality } from "../../src/light/finality-proof.ts";
import { decodeLightStep, encodeLightStep, type LightStep } from "../../src/light/light-step.ts";
import { encodeEvidence } from "../../src/protocol/evidence.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { type KeyPair, verifySignature } from "../../src/protocol/signing.ts";
import { signVote } from "../../src/protocol/vote.ts";
import type { BuiltBlock } from "../chain/block-builder.ts";
import { type OpenChain, openChain } from "../chain/open-chain.ts";
import { AuthorityChain, type ChildWishes } from "../consensus/authority-chain.ts";

/** A chain on a real node, and a reader beside it. */
class Stage {
  readonly authorities: AuthorityChain;
  readonly node: OpenChain;
  readonly modules: AuthorityLightModules;
  tip: BuiltBlock;
  light: AuthorityLight;

  private constructor(authorities: AuthorityChain, node: OpenChain) {
    this.authorities = authorities;
    this.node = node;
    this.tip = authorities.genesis;
    const { spec } = authorities.builder;
    this.modules = { spec, verify: verifySignature };
    this.light = beginAuthorityLight(spec);
  }

  static async open(count: number): Promise<Stage> {
    const authorities = new AuthorityChain(count);
    return new Stage(authorities, await openChain({ spec: authorities.builder.spec }));
  }

  async give(...blocks: readonly BuiltBlock[]): Promise<void> {
    for (const block of blocks) {
      assert.equal(await this.node.give(block), "head");
      this.tip = block;
    }
  }

  /** Blocks that each certify their parent. */
  async grow(length: number, wishes: ChildWishes = {}): Promise<void> {
    for (let count = 0; count < length; count += 1) {
      const isFirst = this.tip === this.authorities.genesis;
      const certificate = isFirst ? {} : { certificate: this.authorities.certificate(this.tip) };
      await this.give(this.authorities.child(this.tip, { ...certificate, ...(count === 0 ? wishes : {}) }));
    }
  }

  /** A majority asks for a change; it is in force two certified blocks later. */
  async change(action: "add" | "remove", authority: KeyPair): Promise<void> {
    const members = this.authorities.membersOf(this.tip);
    const voters = members.slice(0, Math.floor(members.length / 2) + 1);
    const expiresAtHeight = this.tip.record.header.height + 100;
    await this.grow(1, {
      ballots: voters.map((by) => ({ by, action, authority, expiresAtHeight })),
    });
    await this.grow(3);
    assert.equal(includesBytes(this.authorities.setOf(this.tip), authority.publicKey), action === "add");
  }

  get source() {
    return lightSourceOf(this.node.chain);
  }

  /** The steps as they travel. */
  steps(from = this.light.attestedHeight): LightStep[] {
    return stepsAfter(from, this.source, 100).steps.map(({ step }) => {
      const read = decodeLightStep(encodeLightStep(step));
      assert.ok(read.ok);
      return read.value;
    });
  }

  follow(steps: readonly LightStep[] = this.steps()): void {
    for (const step of steps) {
      const followed = followStep(this.light, step, this.modules);
      assert.ok(followed.ok, followed.ok ? "" : JSON.stringify(followed.fault));
      this.light = followed.value;
    }
  }

  faultOf(steps: readonly LightStep[], light = this.light): string | undefined {
    let known = light;
    for (const step of steps) {
      const followed = followStep(known, step, this.modules);
      if (!followed.ok) return followed.fault.code;
      known = followed.value;
    }
    return undefined;
  }

  /** That the reader knows the authorities and the final block as the node does. */
  assertFollowed(): void {
    const { chain } = this.node;
    const known = this.light.sets.at(-1)?.authorities.map(toHex);
    assert.deepEqual(known, chain.engine.authority!.setAt(chain.head).map(toHex));
    const read = decodeAuthorityLight(encodeAuthorityLight(this.light));
    assert.deepEqual(read, this.light);
  }

  proofAt(height: number): FinalityProof {
    const proof = finalityProofOf(height, this.source);
    assert.ok(typeof proof !== "string", `${height}: ${String(proof)}`);
    return proof;
  }
}

describe("following authorities without bodies", () => {
  it("follows one set over many blocks with one step, to the final block of the node", async () => {
    const stage = await Stage.open(4);
    await stage.grow(300);
    await stage.node.vote(...stage.authorities.votes(stage.tip));
    const steps = stage.steps(0);
    assert.equal(steps.length, 1);
    stage.follow(steps);
    stage.assertFollowed();
    assert.deepEqual(stage.light.final, stage.node.chain.final);
    assert.equal(stage.light.final.height, 299);
    assert.deepEqual(stage.steps(), []);
  });

  it("follows every change, from the genesis and from where it stood, also when the set comes and goes", async () => {
    const stage = await Stage.open(1);
    const [b, c, d] = stage.authorities.candidates as [KeyPair, KeyPair, KeyPair];
    await stage.grow(3);
    for (const [action, who] of [
      ["add", b],
      ["add", c],
      ["add", d],
      ["remove", c],
      ["add", c],
      ["remove", b],
    ] as const) {
      await stage.change(action, who);
      stage.follow();
      stage.assertFollowed();
    }
    await stage.grow(10);
    const afresh = beginAuthorityLight(stage.modules.spec);
    assert.equal(stage.faultOf(stage.steps(0), afresh), undefined);
    const inPages: LightStep[] = [];
    let page = stepsAfter(0, stage.source, 2);
    while (page.more) {
      inPages.push(...page.steps.map(({ step }) => step));
      page = stepsAfter(page.steps.at(-1)!.height, stage.source, 2);
    }
    inPages.push(...page.steps.map(({ step }) => step));
    assert.equal(stage.faultOf(inPages, afresh), undefined);
    assert.equal(inPages.length, stage.steps(0).length);
    assert.equal(stage.light.sets.length, 7);
    stage.follow();
    for (let height = 0; height < stage.light.final.height; height += 1) {
      const proven = verifyFinality(stage.light, stage.proofAt(height), stage.modules);
      assert.ok(proven.ok, `${height}: ${JSON.stringify(proven)}`);
      assert.deepEqual(proven.value.hash, stage.node.chain.hashAtHeight(height));
    }
    const { head } = stage.node.chain;
    assert.equal(finalityProofOf(head.header.height, stage.source), "not-final");
  });

  it("follows evidence, at once and in the middle of a change", async () => {
    const stage = await Stage.open(4);
    const [a, b] = stage.authorities.keys as [KeyPair, KeyPair];
    const [candidate] = stage.authorities.candidates as [KeyPair];
    await stage.grow(4);
    const others = (key: KeyPair) => stage.authorities.keys.filter((other) => other !== key);
    const certificate = stage.authorities.certificate(stage.tip);
    const evidence = [stage.authorities.doubleSeal(stage.authorities.genesis, a)];
    await stage.give(stage.authorities.child(stage.tip, { evidence, certificate, producer: b }));
    await stage.grow(3);
    stage.follow();
    stage.assertFollowed();
    const voters = others(a).slice(0, 2);
    const ballots = voters.map((by) => ({
      by,
      action: "add" as const,
      authority: candidate,
      expiresAtHeight: 99,
    }));
    await stage.grow(1, { ballots });
    await stage.give(
      stage.authorities.child(stage.tip, {
        evidence: [stage.authorities.doubleSeal(stage.authorities.genesis, b)],
        certificate: stage.authorities.certificate(stage.tip),
        producer: others(a).find((key) => key !== b)!,
      }),
    );
    await stage.grow(5);
    stage.follow();
    stage.assertFollowed();
    assert.equal(stage.faultOf(stage.steps(0), beginAuthorityLight(stage.modules.spec)), undefined);
  });

  it("shows finality also where no block holds the certificates so far, which votes have made", async () => {
    const stage = await Stage.open(3);
    await stage.grow(4);
    const certified = [stage.tip];
    // Blocks are sealed before the votes for their parents are heard, as on a chain of one authority.
    for (let count = 0; count < 2; count += 1) {
      await stage.give(stage.authorities.child(stage.tip));
      certified.push(stage.tip);
    }
    for (const block of certified) await stage.node.vote(...stage.authorities.votes(block));
    assert.equal(stage.node.chain.final?.height, 3);
    stage.follow();
    assert.deepEqual(stage.light.final, stage.node.chain.final);
    assert.ok(verifyFinality(stage.light, stage.proofAt(3), stage.modules).ok);
  });

  it("shows finality also where a certificate came late", async () => {
    const stage = await Stage.open(3);
    await stage.grow(3);
    const two = stage.tip;
    await stage.give(stage.authorities.child(stage.tip));
    const three = stage.tip;
    await stage.give(stage.authorities.child(stage.tip, { certificate: stage.authorities.certificate(two) }));
    await stage.give(
      stage.authorities.child(stage.tip, { certificate: stage.authorities.certificate(three) }),
    );
    await stage.grow(4);
    stage.follow();
    for (let height = 1; height < stage.light.final.height; height += 1) {
      assert.ok(verifyFinality(stage.light, stage.proofAt(height), stage.modules).ok, `height ${height}`);
    }
  });
});

describe("trust recovery to a reader without bodies", () => {
  it("is followed by who names the block, and by nobody else", async () => {
    const authorities = new AuthorityChain(4);
    const { spec } = authorities.builder;
    const [a] = authorities.keys as [KeyPair];
    const first = authorities.child(authorities.genesis);
    const certified = [first, ...authorities.growCertified(first, 3)];
    const alone = authorities.grow(certified.at(-1) as BuiltBlock, 10, { producer: a });
    const trusted = alone.at(-1) as BuiltBlock;
    const recovered = authorities.builder.restated(
      trusted,
      authorities.engine.authority!.recoveredState(trusted.record)!,
    );
    assert.deepEqual(authorities.namesOf(recovered), [toHex(a.publicKey)]);
    // Sealed above it before the operators named it: it commits to the authorities of before, and stands.
    const ahead = authorities.child(trusted, { producer: a });
    const state = authorities.builder.advance({ ...ahead.block, ...ahead.block.header }, recovered);
    assert.ok(state.ok);
    const onward = [authorities.child(authorities.builder.restated(ahead, state.value), { laterMs: 5 })];
    onward.push(...authorities.growCertified(onward[0]!, 4));
    const node = await openChain({ spec, trustRecovery: trusted.block.hash });
    for (const block of [...certified, ...alone, ahead, ...onward])
      assert.equal(await node.give(block), "head");
    const steps = stepsAfter(0, lightSourceOf(node.chain), 100).steps.map(({ step }) => step);
    const told = (names: readonly Uint8Array[]) => {
      let light = beginAuthorityLight(spec);
      for (const step of steps) {
        const followed = followStep(light, step, { spec, verify: verifySignature, trusted: names });
        if (!followed.ok) return followed.fault.code;
        light = followed.value;
      }
      return light;
    };
    assert.equal(told([]), "light/recovery-not-trusted");
    assert.equal(told([first.block.hash]), "light/recovery-not-trusted");
    const light = told([trusted.block.hash]);
    assert.ok(typeof light !== "string", String(light));
    assert.deepEqual(light.sets.at(-1)?.authorities, [a.publicKey]);
    assert.equal(light.final.height, node.chain.final?.height);
  });
});

describe("lies to a reader without bodies", async () => {
  const stage = await Stage.open(4);
  const [a, , c] = stage.authorities.keys as [KeyPair, KeyPair, KeyPair];
  const [candidate, stranger] = stage.authorities.candidates as [KeyPair, KeyPair];
  await stage.grow(4);
  await stage.change("add", candidate);
  await stage.grow(2);
  await stage.change("remove", c);
  await stage.grow(4);
  const afresh = beginAuthorityLight(stage.modules.spec);
  const steps = stage.steps(0);
  stage.follow(steps);

  const changed = (index: number, change: (step: LightStep) => void): LightStep[] => {
    const copy = steps.map((step) => structuredClone(step));
    change(copy[index] as LightStep);
    return copy;
  };
  const inLink = (index: number, change: (block: AttestedBlock) => void) =>
    changed(index, ({ link }) => change(link[0] as AttestedBlock));
  const flip = (bytes: Uint8Array) => {
    bytes[0] = (bytes[0] as number) ^ 1;
  };

  it("is told the truth first", () => {
    assert.equal(steps.length, 3);
    assert.equal(stage.faultOf(steps, afresh), undefined);
  });

  const lies: readonly (readonly [string, readonly LightStep[], string])[] = [
    ["a step is left out", steps.slice(1), "light/authorities-unexplained"],
    ["the last step alone", steps.slice(2), "light/authorities-unexplained"],
    ["steps in another order", steps.toReversed(), "light/authorities-unexplained"],
    ["a change without its link", changed(0, (step) => step.link.splice(0)), "light/authorities-unexplained"],
    ["a flipped bit of the state", inLink(0, ({ state }) => flip(state)), "light/state-not-committed"],
    ["another state root", inLink(0, ({ header }) => flip(header.stateRoot)), "light/certificate-invalid"],
    [
      "another state under its own hash",
      inLink(0, ({ header }) => flip(header.consensusStateHash)),
      "light/state-not-committed",
    ],
    ["another chain", inLink(0, ({ header }) => flip(header.chainId)), "light/wrong-chain"],
    ["another height", inLink(0, ({ header }) => (header.height += 1)), "light/certificate-invalid"],
    [
      "a certificate for another height",
      inLink(0, ({ certificate }) => (certificate.targetHeight += 1)),
      "light/certificate-invalid",
    ],
    [
      "a flipped signature",
      inLink(0, ({ certificate }) => flip(certificate.signatures[0] as Uint8Array)),
      "light/certificate-invalid",
    ],
    [
      "one signature too few",
      inLink(0, ({ certificate }) => certificate.signatures.splice(0, 1)),
      "light/certificate-invalid",
    ],
    [
      "a bitmap of others",
      inLink(0, ({ certificate }) => (certificate.bitmap = Uint8Array.of(0b1110))),
      "light/certificate-invalid",
    ],
    [
      "a bitmap of nobody",
      inLink(0, ({ certificate }) => {
        certificate.bitmap = Uint8Array.of(0);
        certificate.signatures = [];
      }),
      "light/certificate-invalid",
    ],
    [
      "signatures in another order",
      inLink(0, ({ certificate }) => certificate.signatures.reverse()),
      "light/certificate-invalid",
    ],
    [
      "a certificate of another block",
      inLink(0, (block) => (block.certificate = (steps[1] as LightStep).link[0]!.certificate)),
      "light/certificate-invalid",
    ],
    [
      "a link with a hole",
      changed(0, ({ link }) => link.push((steps[1] as LightStep).link[0] as AttestedBlock)),
      "light/link-broken",
    ],
    [
      "evidence against nobody",
      changed(0, ({ evidence }) => evidence.push(Uint8Array.of(9))),
      "light/evidence-invalid",
    ],
    [
      "evidence that is forged",
      changed(0, ({ evidence }) => {
        const bytes = encodeEvidence(stage.authorities.doubleVote(a));
        flip(bytes.subarray(bytes.length - 1));
        evidence.push(bytes);
      }),
      "light/evidence-invalid",
    ],
    [
      "a recovery that nobody trusts",
      changed(0, ({ link, recovery }) => {
        const { header, state } = link[0] as AttestedBlock;
        recovery.push({ header, state });
      }),
      "light/recovery-not-trusted",
    ],
  ];
  for (const [what, told, code] of lies) {
    it(`refuses ${what}: ${code}`, () => assert.equal(stage.faultOf(told, afresh), code));
  }

  /** An attested block as those who hold these keys can make it. */
  const forged = (signers: readonly KeyPair[], height: number, change: Partial<AuthorityState> = {}) => {
    const [truth] = (steps[0] as LightStep).link as [AttestedBlock];
    const keys = signers.toSorted((one, other) => compareBytes(one.publicKey, other.publicKey));
    const authorities = keys.map(({ publicKey }) => publicKey);
    const sealedHeights = keys.map(() => height);
    const before = AuthorityStateType.deserialize(truth.state);
    const state = AuthorityStateType.serialize({ ...before, authorities, sealedHeights, ...change });
    const header = { ...truth.header, height, consensusStateHash: sha256(state) };
    const target = { height, hash: authorityHeaderHash(header) };
    const source = change.justified ?? before.justified;
    const votes = keys.map((key) => signVote(stage.modules.spec.chainId, source, target, key));
    const certificate = {
      targetHeight: height,
      targetHash: target.hash,
      bitmap: Uint8Array.of(2 ** keys.length - 1),
      signatures: votes.map(({ signature }) => signature),
    };
    return [{ link: [{ header, state, certificate }], evidence: [], recovery: [] }];
  };

  it("refuses a set that nobody let in, though it signed for itself", () => {
    const imposters = stage.authorities.candidates.slice(1, 5);
    for (const authoritiesSinceHeight of [0, 3, 40]) {
      const told = forged(imposters, 40, { authoritiesSinceHeight });
      assert.equal(stage.faultOf(told, afresh), "light/authorities-unexplained");
      assert.equal(stage.faultOf(told), "light/authorities-unexplained");
    }
  });

  it("refuses the first authorities' word for a time in which others were in office", () => {
    const first = forged(stage.authorities.keys, 40);
    assert.equal(stage.faultOf(first), "light/authorities-unexplained");
    // Who has heard of no other set has to believe them: for that there are several nodes to ask, and a stored state.
    assert.equal(stage.faultOf(first, afresh), undefined);
  });

  it("lets in nobody by a change that has passed and is not final", () => {
    const inFlight = [{ action: 1, authority: stranger.publicKey, passedAtHeight: 3 }];
    const justified = { height: 1, hash: new Uint8Array(32).fill(1) };
    const passed = forged(stage.authorities.keys, 5, { inFlight, justified, finalized: justified });
    const joined = forged([...stage.authorities.keys, stranger], 8, { authoritiesSinceHeight: 7 });
    assert.equal(stage.faultOf([...passed, ...joined], afresh), "light/authorities-unexplained");
    const final = { height: 3, hash: new Uint8Array(32).fill(3) };
    const landed = forged(stage.authorities.keys, 5, { inFlight, justified: final, finalized: final });
    assert.equal(stage.faultOf([...landed, ...joined], afresh), undefined);
  });

  it("refuses a proof with another header, one that is not linked, one that is cut short", () => {
    const proof = stage.proofAt(2);
    const verify = (changed: FinalityProof) => {
      const verified = verifyFinality(stage.light, changed, stage.modules);
      return verified.ok ? "ok" : verified.fault.code;
    };
    assert.equal(verify(proof), "ok");
    const [first] = proof.headers;
    assert.ok(first);
    const forged = { ...first, stateRoot: new Uint8Array(32) };
    assert.notEqual(verify({ ...proof, headers: [forged, ...proof.headers.slice(1)] }), "ok");
    assert.equal(verify({ ...proof, headers: [] }), "light/malformed");
    assert.equal(verify({ ...proof, link: [] }), "light/not-final");
    const other = stage.proofAt(5);
    assert.equal(verify({ ...proof, headers: [first, ...other.headers] }), "light/link-broken");
    assert.equal(verify({ link: other.link, headers: proof.headers }), "light/not-final");
  });
});

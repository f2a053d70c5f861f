/** Who founds a network and who joins it: for any set of candidates, in any order, seen by each of them alike. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import {
  FoundingDecision,
  type FoundingRules,
  type FoundingStep,
  type FoundingWord,
  founderRank,
  founderWaitMs,
  listenMs,
  meetingMaxMs,
} from "../../src/network/founding/founding-decision.ts";
import { resolveChains } from "../../src/network/founding/resolve-chains.ts";
import { sha256, zeroBytes32 } from "../../src/protocol/hashing.ts";

const network = "lab";
const keyOf = (index: number) => sha256(Buffer.from(`key ${index}`));
const chainOf = (index: number) => sha256(Buffer.from(`chain ${index}`));

function decisionOf(publicKey: Uint8Array, changes: Partial<FoundingRules> = {}): FoundingDecision {
  const rules = { network, ownKey: publicKey, isCandidate: true, expect: 1, ...changes };
  const decision = new FoundingDecision(rules);
  decision.listen(0);
  return decision;
}

function candidate(publicKey: Uint8Array): FoundingWord {
  return { publicKey, chainId: zeroBytes32, established: false, isCandidate: true };
}

function onChain(index: number, chainId: Uint8Array, established: boolean): FoundingWord {
  return { publicKey: keyOf(index), chainId, established, isCandidate: true };
}

/** Keys as founders come: the lowest first. */
function inFoundingOrder(keys: readonly Uint8Array[]): Uint8Array[] {
  const rank = (key: Uint8Array) => toHex(founderRank(network, key));
  return [...keys].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** What this candidate takes for the founder. */
function founderIn(step: FoundingStep, ownKey: Uint8Array): string {
  if (step.kind === "found") return toHex(ownKey);
  assert.ok(step.kind === "wait" && step.because.kind === "founder", JSON.stringify(step));
  return toHex(step.because.publicKey);
}

const someKeys = fc
  .uniqueArray(fc.nat({ max: 10_000 }), { minLength: 2, maxLength: 12 })
  .map((numbers) => numbers.map(keyOf));

describe("the founder of a network", () => {
  it("is the same for all candidates that see the same ones, in whatever order they heard of each other", () => {
    fc.assert(
      fc.property(someKeys, fc.infiniteStream(fc.nat()), (keys, order) => {
        const lowest = toHex(inFoundingOrder(keys)[0]!);
        for (const own of keys) {
          const decision = decisionOf(own);
          const others = keys.filter((key) => key !== own).map((key) => ({ key, at: order.next().value }));
          for (const { key } of others.sort((a, b) => a.at - b.at))
            decision.heard(toHex(key), candidate(key));
          assert.equal(founderIn(decision.next(listenMs), own), lowest);
        }
      }),
    );
  });

  it("is the next one, for all alike, where those before it do not found", () => {
    fc.assert(
      fc.property(someKeys, fc.nat({ max: 11 }), (keys, dead) => {
        const order = inFoundingOrder(keys);
        const alive = order.slice(Math.min(dead, order.length - 1));
        for (const own of alive) {
          const decision = decisionOf(own);
          for (const key of order) if (key !== own) decision.heard(toHex(key), candidate(key));
          for (const [index, key] of order.entries()) {
            const nowMs = listenMs + index * founderWaitMs;
            assert.equal(founderIn(decision.next(nowMs), own), toHex(key));
            if (key === own) break;
            assert.equal(founderIn(decision.next(nowMs + founderWaitMs - 1), own), toHex(key));
          }
        }
      }),
    );
  });

  it("differs from network to network", () => {
    const lowest = (name: string) =>
      Array.from({ length: 20 }, (_, index) => index).sort((a, b) =>
        toHex(founderRank(name, keyOf(a))) < toHex(founderRank(name, keyOf(b))) ? -1 : 1,
      )[0];
    assert.ok(new Set(["a", "b", "c", "d", "e"].map(lowest)).size > 1);
  });

  it("is nobody before 5 s of listening, and oneself after them where nobody is there", () => {
    const decision = decisionOf(keyOf(1));
    assert.deepEqual(decision.next(listenMs - 1), { kind: "wait", because: { kind: "listening" } });
    assert.deepEqual(decision.next(listenMs), { kind: "found" });
  });

  it("is nobody while a peer that has connected has said nothing, for 10 s more", () => {
    const decision = decisionOf(keyOf(1));
    const listening = { kind: "wait", because: { kind: "listening" } };
    for (const nowMs of [listenMs, listenMs + meetingMaxMs - 1]) {
      assert.deepEqual(decision.next(nowMs, true), listening);
    }
    assert.deepEqual(decision.next(listenMs + 1, false), { kind: "found" });
    assert.deepEqual(decision.next(listenMs + meetingMaxMs, true), { kind: "found" });
  });

  it("is waited for as long as it may take", () => {
    const [low, high] = inFoundingOrder([keyOf(1), keyOf(2)]) as [Uint8Array, Uint8Array];
    const [founder, other] = [decisionOf(low), decisionOf(high)];
    founder.heard("high", candidate(high));
    other.heard("low", candidate(low));
    const latestMs = listenMs + meetingMaxMs;
    for (const nowMs of [listenMs, latestMs - 1]) assert.equal(founder.next(nowMs, true).kind, "wait");
    assert.equal(founder.next(latestMs, true).kind, "found");
    for (const nowMs of [listenMs, latestMs, latestMs + 4_999]) {
      assert.equal(founderIn(other.next(nowMs), high), toHex(low));
    }
  });

  it("is never a follower, neither oneself nor another", () => {
    const [low, high] = inFoundingOrder([keyOf(1), keyOf(2)]) as [Uint8Array, Uint8Array];
    const decision = decisionOf(high);
    decision.heard("follower", { ...candidate(low), isCandidate: false });
    assert.deepEqual(decision.next(listenMs), { kind: "found" });
    const follower = decisionOf(low, { isCandidate: false });
    follower.heard("candidate", candidate(high));
    for (const nowMs of [listenMs, 3_600_000]) {
      assert.deepEqual(follower.next(nowMs), { kind: "wait", because: { kind: "chain" } });
    }
  });

  it("may be gone for the moment that it takes to start with its chain", () => {
    const [low, high] = inFoundingOrder([keyOf(1), keyOf(2)]) as [Uint8Array, Uint8Array];
    const decision = decisionOf(high);
    decision.heard("low", candidate(low));
    decision.gone("low", listenMs + 100);
    assert.equal(founderIn(decision.next(listenMs + 200), high), toHex(low));
    assert.equal(founderIn(decision.next(listenMs + 100 + founderWaitMs), high), toHex(high));
  });

  it("waits for as many candidates as are expected, itself included, without end", () => {
    const [low, ...more] = inFoundingOrder([keyOf(1), keyOf(2), keyOf(3)]) as [Uint8Array, ...Uint8Array[]];
    const decision = decisionOf(low, { expect: 3 });
    const present = (count: number) => ({
      kind: "wait",
      because: { kind: "candidates", present: count, expected: 3 },
    });
    assert.deepEqual(decision.next(3_600_000), present(1));
    decision.heard("a", candidate(more[0]!));
    assert.deepEqual(decision.next(3_600_001), present(2));
    decision.heard("b", candidate(more[1]!));
    decision.gone("a", 3_600_002);
    assert.deepEqual(decision.next(3_600_002), present(2));
    decision.heard("a", candidate(more[0]!));
    assert.deepEqual(decision.next(3_600_003), { kind: "found" });
  });
});

describe("a chain that is there", () => {
  const joined = (step: FoundingStep) => (step.kind === "join" ? [step.peer, toHex(step.chainId)] : step);

  it("is joined by whoever would have founded, and by followers", () => {
    for (const isCandidate of [true, false]) {
      const decision = decisionOf(keyOf(0), { isCandidate, expect: 5 });
      decision.heard("a", onChain(1, chainOf(1), false));
      assert.deepEqual(decision.next(listenMs - 1), { kind: "wait", because: { kind: "listening" } });
      assert.deepEqual(joined(decision.next(listenMs)), ["a", toHex(chainOf(1))]);
    }
  });

  it("is the established one, then the one of the lowest id, whatever the order in which they are heard", () => {
    const claim = fc.record({ chain: fc.nat({ max: 5 }), peer: fc.nat({ max: 20 }) });
    fc.assert(
      fc.property(
        fc.array(claim, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (claims, anyEstablished) => {
          const decision = decisionOf(keyOf(0));
          const last = new Map<number, number>();
          for (const { peer, chain } of claims) {
            last.set(peer, chain);
            decision.heard(String(peer), onChain(peer, chainOf(chain), false));
          }
          if (anyEstablished) decision.heard("established", onChain(30, chainOf(99), true));
          const ids = [...last.values()].map((chain) => toHex(chainOf(chain))).sort();
          const step = decision.next(listenMs);
          assert.ok(step.kind === "join");
          assert.equal(toHex(step.chainId), anyEstablished ? toHex(chainOf(99)) : ids[0]);
        },
      ),
    );
  });

  it("is the first of two established ones, and the other is named", () => {
    const decision = decisionOf(keyOf(0));
    decision.heard("z", onChain(1, chainOf(1), true));
    decision.heard("a", onChain(2, chainOf(2), true));
    decision.heard("b", onChain(3, chainOf(3), false));
    const step = decision.next(listenMs);
    assert.ok(step.kind === "join" && step.peer === "z");
    assert.deepEqual(step.apart, [chainOf(2)]);
  });

  it("is asked for again where the genesis did not come, of another peer first, and in the end of nobody who lies", () => {
    const decision = decisionOf(keyOf(0));
    decision.heard("liar", onChain(1, chainOf(1), true));
    decision.heard("honest", onChain(2, chainOf(2), false));
    assert.equal(joined(decision.next(listenMs))[0 as never], "liar");
    decision.genesisFailed("liar", listenMs);
    assert.equal(joined(decision.next(listenMs))[0 as never], "honest");
    decision.gone("honest", listenMs);
    let nowMs = listenMs;
    for (let failures = 1; failures < 3; failures += 1) {
      assert.deepEqual(decision.next(nowMs), { kind: "wait", because: { kind: "chain" } });
      nowMs += 2_000;
      assert.equal(joined(decision.next(nowMs))[0 as never], "liar");
      decision.genesisFailed("liar", nowMs);
    }
    // The honest one's chain may come back; when it does not, a lie keeps nobody from founding.
    assert.deepEqual(decision.next(nowMs), { kind: "wait", because: { kind: "chain" } });
    assert.deepEqual(decision.next(listenMs + founderWaitMs), { kind: "found" });
  });
});

describe("two chains of one network that meet", () => {
  const standing = fc.record({ chain: fc.nat({ max: 100 }), established: fc.boolean() });

  it("end as one, seen from both sides; unless both are established", () => {
    fc.assert(
      fc.property(standing, standing, (left, right) => {
        fc.pre(left.chain !== right.chain);
        const [a, b] = [left, right].map(({ chain, established }) => ({
          chainId: chainOf(chain),
          established,
        }));
        const verdicts = [resolveChains(a!, b!), resolveChains(b!, a!)];
        if (left.established && right.established) {
          assert.deepEqual(verdicts, ["irreconcilable", "irreconcilable"]);
        } else {
          assert.deepEqual([...verdicts].sort(), ["stay", "yield"]);
          const staying = verdicts[0] === "stay" ? [a!, left] : [b!, right];
          const lowest = toHex(a!.chainId) < toHex(b!.chainId) ? a! : b!;
          if (left.established === right.established) assert.equal(staying[0], lowest);
          else assert.equal((staying[1] as typeof left).established, true);
        }
      }),
    );
  });
});

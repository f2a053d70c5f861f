/** Why a node must not sign: each reason by its own condition, the most serious of several, and none in Proof of Work but two. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type AuthoritySigning,
  notSigningReason,
  type SigningSituation,
} from "../../src/authority/signing-reason.ts";
import type { NotSealingReason } from "../../src/sealing/not-sealing.ts";

const member: AuthoritySigning = {
  isKeySeenElsewhere: false,
  isClockOff: false,
  place: "member",
  isAnotherReached: true,
};
const open: SigningSituation = {
  authority: member,
  isChainAhead: false,
  isListening: false,
  isSyncing: false,
};
const authorityWith = (changes: Partial<AuthoritySigning>) => ({
  ...open,
  authority: { ...member, ...changes },
});

/** The most serious first. */
const table: readonly (readonly [NotSealingReason, SigningSituation])[] = [
  ["key seen elsewhere", authorityWith({ isKeySeenElsewhere: true })],
  ["clock off", authorityWith({ isClockOff: true })],
  ["slashed", authorityWith({ place: "slashed" })],
  ["waiting for admission", authorityWith({ place: "candidate" })],
  ["no other authority heard", authorityWith({ isAnotherReached: false })],
  ["chain ahead of this clock", { ...open, isChainAhead: true }],
  ["listening first", { ...open, isListening: true }],
  ["not in the authority set", authorityWith({ place: "outsider" })],
  ["syncing", { ...open, isSyncing: true }],
];

test("a member of the set that has heard another one, is in time and up to date may sign", () => {
  assert.equal(notSigningReason(open), undefined);
});

for (const [reason, situation] of table) {
  test(`one condition alone: ${reason}`, () => assert.equal(notSigningReason(situation), reason));
}

test("of several conditions the most serious is the reason", () => {
  const order = table.map(([reason]) => reason);
  const flags = fc.record({
    isKeySeenElsewhere: fc.boolean(),
    isClockOff: fc.boolean(),
    place: fc.constantFrom("member", "candidate", "outsider", "slashed"),
    isAnotherReached: fc.boolean(),
    isChainAhead: fc.boolean(),
    isListening: fc.boolean(),
    isSyncing: fc.boolean(),
  } as const);
  fc.assert(
    fc.property(flags, ({ isChainAhead, isListening, isSyncing, ...authority }) => {
      const times = { isChainAhead, isListening, isSyncing };
      const holds: Readonly<Record<string, boolean>> = {
        "key seen elsewhere": authority.isKeySeenElsewhere,
        "clock off": authority.isClockOff,
        slashed: authority.place === "slashed",
        "waiting for admission": authority.place === "candidate",
        "no other authority heard": authority.place === "member" && !authority.isAnotherReached,
        "chain ahead of this clock": isChainAhead,
        "listening first": isListening,
        "not in the authority set": authority.place === "outsider",
        syncing: isSyncing,
      };
      assert.equal(
        notSigningReason({ authority, ...times }),
        order.find((reason) => holds[reason]),
      );
    }),
  );
});

test("in Proof of Work only the clock, the time to listen and a better chain count", () => {
  const pow = { ...open, authority: undefined };
  assert.equal(notSigningReason(pow), undefined);
  assert.equal(notSigningReason({ ...pow, isChainAhead: true }), "chain ahead of this clock");
  assert.equal(notSigningReason({ ...pow, isSyncing: true }), "syncing");
});

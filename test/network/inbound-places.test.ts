/** Which inbound connection goes for a newcomer, and which addresses count as one party. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressGroup } from "../../src/network/host/address-group.ts";
import { type InboundPlace, leastUseful } from "../../src/network/host/inbound-places.ts";

const nowMs = 1_000_000;

interface Named extends InboundPlace {
  readonly name: string;
}

/** A peer that has greeted and done nothing else, of an address of its own. */
function place(name: string, ageMs: number, what: Partial<InboundPlace> = {}): Named {
  return {
    name,
    group: `of ${name}`,
    openedMs: nowMs - ageMs,
    isSpare: false,
    isAuthority: false,
    isOnChain: true,
    delivered: 0,
    points: 0,
    ...what,
  };
}

function crowd(count: number, what: Partial<InboundPlace>, ageMs = 60_000): Named[] {
  return Array.from({ length: count }, (_, index) => place(`sybil ${index}`, ageMs - index, what));
}

/** The places after so many newcomers, each with an identity of its own. */
function after(places: readonly Named[], newcomers: number, what: Partial<InboundPlace>): Named[] {
  let left = [...places];
  for (let index = 0; index < newcomers; index += 1) {
    const goes = leastUseful(left, nowMs);
    if (goes) left = [...left.filter((each) => each !== goes), place(`newcomer ${index}`, 0, what)];
  }
  return left;
}

describe("the inbound place that is given to a newcomer", () => {
  it("is a spare connection before any other", () => {
    const spare = place("spare", 1, { isSpare: true, isAuthority: true, delivered: 9 });
    assert.equal(leastUseful([...crowd(20, { isOnChain: false }), spare], nowMs), spare);
  });

  it("is one that has not greeted within two seconds, or has points, before all that behave", () => {
    const mute = place("mute", 2_001, { isOnChain: false });
    assert.equal(leastUseful([...crowd(20, { group: "one" }), mute], nowMs), mute);
    const guilty = place("guilty", 5, { points: 10 });
    assert.equal(leastUseful([...crowd(20, { group: "one" }), guilty], nowMs), guilty);
    const young = place("young", 1_999, { isOnChain: false });
    assert.notEqual(leastUseful([...crowd(20, { group: "one" }), young], nowMs), young);
  });

  it("is one of the largest group of addresses, so a newcomer of another group stays", () => {
    const honest = place("honest", 1);
    const left = after([...crowd(91, { group: "attacker" }), honest], 1_000, { group: "attacker" });
    assert.ok(left.includes(honest));
  });

  it("is never that of an authority, and none of the quarter that delivered most", () => {
    const authorities = Array.from({ length: 3 }, (_, index) =>
      place(`authority ${index}`, 10, { isAuthority: true, group: "attacker" }),
    );
    const relays = Array.from({ length: 20 }, (_, index) =>
      place(`relay ${index}`, 10, { delivered: 5, group: "attacker" }),
    );
    const sybils = crowd(69, { group: "attacker" });
    const left = after([...sybils, ...authorities, ...relays], 1_000, { group: "attacker" });
    for (const each of [...authorities, ...relays]) assert.ok(left.includes(each), each.name);
  });

  it("is none of the quarter that has been here longest without a fault", () => {
    const old = Array.from({ length: 20 }, (_, index) => place(`old ${index}`, 3_600_000 + index));
    const left = after([...old, ...crowd(72, {})], 1_000, {});
    for (const each of old) assert.ok(left.includes(each), each.name);
  });

  it("leaves a newcomer of the attacker's own address its place until all others of no use have gone", () => {
    const honest = place("honest", 0, { group: "attacker" });
    const mutes = crowd(60, { group: "attacker", isOnChain: false });
    const left = after([...mutes, honest], 60, { group: "attacker" });
    assert.ok(left.includes(honest));
    assert.ok(!left.some((each) => mutes.includes(each)), "each mute one has gone before");
  });

  it("is none at all if each is protected", () => {
    assert.equal(leastUseful(crowd(8, { isAuthority: true }), nowMs), undefined);
    assert.equal(leastUseful([], nowMs), undefined);
  });
});

describe("the group of an address", () => {
  it("is its /24 or its /48 on the Internet", () => {
    assert.equal(addressGroup("203.0.113.7"), addressGroup("203.0.113.200"));
    assert.notEqual(addressGroup("203.0.113.7"), addressGroup("203.0.112.7"));
    assert.equal(addressGroup("2001:db8:1:2::5"), addressGroup("2001:0db8:0001:ffff::1"));
    assert.notEqual(addressGroup("2001:db8:1::5"), addressGroup("2001:db8:2::5"));
    assert.equal(addressGroup("2001:db8::5"), addressGroup("2001:db8:0:9::5"));
    assert.equal(addressGroup("::ffff:203.0.113.7"), addressGroup("203.0.113.8"));
  });

  it("is the address alone on a local network: nodes of one LAN are no one party", () => {
    for (const prefix of ["127.0.0.", "10.1.2.", "172.20.1.", "192.168.0.", "169.254.3.", "100.64.9."]) {
      assert.notEqual(addressGroup(`${prefix}1`), addressGroup(`${prefix}2`), prefix);
    }
    assert.notEqual(addressGroup("fe80::1%eth0"), addressGroup("fe80::2%eth0"));
    assert.equal(addressGroup("fe80::1%eth0"), addressGroup("fe80::1"));
    assert.equal(addressGroup("::1"), "::1");
    assert.notEqual(addressGroup("172.32.0.1"), "172.32.0.1");
  });

  it("takes any text", () => {
    assert.equal(addressGroup(""), "");
    assert.equal(addressGroup("nonsense"), "nonsense");
  });
});

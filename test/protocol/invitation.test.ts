/** Invitations: one text for each, and a clear word for every other text. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  decodeInvitation,
  encodeInvitation,
  type Invitation,
  invitationAddressesMax,
  invitationPrefix,
} from "../../src/protocol/invitation.ts";

const sample: Invitation = {
  chainId: new Uint8Array(32).fill(1),
  secret: new Uint8Array(32).fill(2),
  network: "lab",
  addresses: ["/ip4/192.168.1.5/tcp/13246", "/ip6/fd00::1/tcp/13246"],
};

function reasonOf(text: string): string {
  const decoded = decodeInvitation(text);
  assert.ok(!decoded.ok, text);
  assert.equal(decoded.fault.code, "codec/malformed");
  assert.equal(decoded.fault.what, "invitation");
  return decoded.fault.reason;
}

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("invitations", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(
        fc.record({
          chainId: bytes32,
          secret: bytes32,
          network: fc.string({ maxLength: 16, unit: "grapheme-ascii" }),
          addresses: fc.array(fc.string({ maxLength: 100, unit: "grapheme-ascii" }), {
            maxLength: invitationAddressesMax,
          }),
        }),
        (invitation) => {
          const decoded = decodeInvitation(encodeInvitation(invitation));
          assert.ok(decoded.ok);
          assert.deepEqual(decoded.value, { ...invitation });
        },
      ),
    );
  });

  it("keep to the characters that terminals, links and shells leave alone", () => {
    assert.match(encodeInvitation(sample), /^aurex1\.[A-Za-z0-9_-]+$/);
  });

  it("leave out addresses that do not fit", () => {
    const addresses = [
      `/dns4/${"a".repeat(200)}/tcp/1`,
      ...Array.from({ length: 20 }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`),
    ];
    const decoded = decodeInvitation(encodeInvitation({ ...sample, addresses }));
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value.addresses, addresses.slice(1, 1 + invitationAddressesMax));
  });

  it("are refused with any letter exchanged, left out or added", () => {
    const text = encodeInvitation(sample);
    for (let index = invitationPrefix.length; index < text.length; index += 1) {
      const other = text[index] === "A" ? "B" : "A";
      reasonOf(text.slice(0, index) + other + text.slice(index + 1));
      reasonOf(text.slice(0, index) + text.slice(index + 1));
      reasonOf(`${text.slice(0, index)}A${text.slice(index)}`);
    }
  });

  it("say what is wrong", () => {
    const text = encodeInvitation(sample);
    assert.match(reasonOf(""), /does not begin with aurex1\./);
    assert.match(reasonOf("aurex1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn"), /does not begin with aurex1\./);
    assert.match(reasonOf("aurex1."), /too short/);
    assert.match(reasonOf("aurex1.AAAAAA"), /too short/);
    assert.match(reasonOf(`${text}=`), /not base64url/);
    assert.match(reasonOf(`${text} `), /not base64url/);
    assert.match(reasonOf(text.slice(0, -4)), /checksum is wrong/);
    assert.match(reasonOf(`aurex1.${"A".repeat(5_000)}`), /too long/);
  });

  it("are refused in a second text of the same bits", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const text = ["lab", "labs", "lab-1"]
      .map((network) => encodeInvitation({ ...sample, network }))
      .find((candidate) => (candidate.length - invitationPrefix.length) % 4 !== 0);
    assert.ok(text, "one whose last letter has unused bits");
    const other = alphabet[alphabet.indexOf(text.at(-1) as string) ^ 1];
    assert.match(reasonOf(text.slice(0, -1) + other), /not base64url/);
  });
});

it("an invitation has the documented bytes", () => {
  const { chainId, secret, network } = sample;
  const [first, second] = sample.addresses.map((address) => Buffer.from(address)) as [Buffer, Buffer];
  const uint32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  const bytes = Buffer.concat([
    ...[chainId, secret, uint32(72), uint32(72 + network.length), Buffer.from(network)],
    ...[uint32(8), uint32(8 + first.length), first, second],
  ]);
  const checksum = createHash("sha256").update("aurex/invitation/1").update(bytes).digest().subarray(0, 4);
  const text = Buffer.concat([bytes, checksum]).toString("base64url");
  assert.equal(encodeInvitation(sample), `aurex1.${text}`);
});

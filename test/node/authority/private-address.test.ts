/** Which addresses are of the LAN. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isPrivateAddress } from "../../../src/authority/private-address.ts";

describe("private addresses", () => {
  const inside = [
    "/ip4/10.0.0.1/tcp/1",
    "/ip4/10.255.255.255/tcp/1/p2p/12D3KooWRdFFg3yTbTsDq5Z1yCvCWbqznEFro9jeVivo7rkayJ4D",
    "/ip4/172.16.0.1/tcp/1",
    "/ip4/172.31.255.255/tcp/1",
    "/ip4/192.168.0.1/tcp/1",
    "/ip4/169.254.3.4/tcp/1",
    "/ip4/127.0.0.1/tcp/1",
    "/ip6/::1/tcp/1",
    "/ip6/fe80::1/tcp/1",
    "/ip6zone/eth0/ip6/fe80::1/tcp/1",
    "/ip6/fd12:3456::1/tcp/1",
    "/ip6/::ffff:192.168.1.5/tcp/1",
    "/memory/alpha/p2p/alpha",
  ];
  for (const address of inside) it(address, () => assert.ok(isPrivateAddress(address)));

  const outside = [
    "/ip4/9.255.255.255/tcp/1",
    "/ip4/11.0.0.0/tcp/1",
    "/ip4/172.15.255.255/tcp/1",
    "/ip4/172.32.0.0/tcp/1",
    "/ip4/192.169.0.1/tcp/1",
    "/ip4/169.253.1.1/tcp/1",
    "/ip4/100.64.0.1/tcp/1",
    "/ip4/8.8.8.8/tcp/1",
    "/ip6/2001:db8::1/tcp/1",
    "/ip6/fbff::1/tcp/1",
    "/ip6/ff02::1/tcp/1",
    "/ip6/::ffff:8.8.8.8/tcp/1",
    "/dns4/localhost/tcp/1",
    "/ip4/8.8.8.8/tcp/1/p2p/x/p2p-circuit/ip4/10.0.0.1",
    "",
    "nonsense",
    "/ip4/",
    "/ip4/10.0.0/tcp/1",
  ];
  for (const address of outside) it(`not ${address}`, () => assert.ok(!isPrivateAddress(address)));
});

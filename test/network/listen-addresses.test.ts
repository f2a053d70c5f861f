/** What is listened on is announced: by every interface, public and link-local ones, loopback only if there is no other. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { multiaddr } from "@multiformats/multiaddr";
import {
  addressesToAnnounce,
  type InterfaceAddress,
  reachableFrom,
  withTakenPort,
} from "../../src/network/libp2p/listen-addresses.ts";

const loopback: InterfaceAddress[] = [
  { family: "IPv4", address: "127.0.0.1" },
  { family: "IPv6", address: "::1" },
];

function announced(listening: string[], interfaces: InterfaceAddress[], operators: string[] = []): string[] {
  return addressesToAnnounce(
    operators,
    listening.map((text) => multiaddr(text)),
    interfaces,
  ).map(String);
}

it("announces public, link-local and unique-local addresses without anybody's confirmation", () => {
  const interfaces: InterfaceAddress[] = [
    ...loopback,
    { family: "IPv4", address: "169.254.7.7" },
    { family: "IPv4", address: "130.83.1.1" },
    { family: "IPv4", address: "192.168.1.5" },
    { family: "IPv6", address: "2001:db8::7" },
    { family: "IPv6", address: "fd00::7" },
    { family: "IPv6", address: "fe80::7" },
  ];
  assert.deepEqual(announced(["/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/1"], interfaces), [
    "/ip4/192.168.1.5/tcp/1",
    "/ip4/130.83.1.1/tcp/1",
    "/ip6/2001:db8::7/tcp/1",
    "/ip6/fd00::7/tcp/1",
    "/ip4/169.254.7.7/tcp/1",
  ]);
  assert.deepEqual(announced(["/ip4/130.83.1.1/tcp/1"], interfaces), ["/ip4/130.83.1.1/tcp/1"]);
});

it("follows interfaces that come and go", () => {
  const card: InterfaceAddress = { family: "IPv4", address: "130.83.1.1" };
  assert.deepEqual(announced(["/ip4/130.83.1.1/tcp/1"], loopback), []);
  assert.deepEqual(announced(["/ip4/0.0.0.0/tcp/1"], [...loopback, card]), ["/ip4/130.83.1.1/tcp/1"]);
  assert.deepEqual(announced(["/ip4/0.0.0.0/tcp/1"], loopback), ["/ip4/127.0.0.1/tcp/1"]);
});

it("announces what the operator says first, and what is listened on beside it", () => {
  const card: InterfaceAddress = { family: "IPv4", address: "172.17.0.2" };
  assert.deepEqual(announced(["/ip4/0.0.0.0/tcp/1"], [...loopback, card], ["/dns4/a.example/tcp/9"]), [
    "/dns4/a.example/tcp/9",
    "/ip4/172.17.0.2/tcp/1",
  ]);
  assert.deepEqual(announced(["/ip4/0.0.0.0/tcp/1"], loopback, ["/ip4/203.0.113.7/tcp/9"]), [
    "/ip4/203.0.113.7/tcp/9",
  ]);
});

it("never announces more than a node record has room for", () => {
  const many = Array.from({ length: 40 }, (_, index): InterfaceAddress => {
    return { family: "IPv4", address: `10.0.0.${index + 1}` };
  });
  assert.equal(announced(["/ip4/0.0.0.0/tcp/1"], many).length, 8);
});

it("takes the port that the system gave", () => {
  const taken = [multiaddr("/ip4/127.0.0.1/tcp/4711"), multiaddr("/ip6/::1/tcp/4712")];
  const port = (text: string) => withTakenPort(multiaddr(text), taken)?.toString();
  assert.equal(port("/ip4/0.0.0.0/tcp/0"), "/ip4/0.0.0.0/tcp/4711");
  assert.equal(port("/ip6/::/tcp/0"), "/ip6/::/tcp/4712");
  assert.equal(port("/ip4/127.0.0.1/tcp/5"), "/ip4/127.0.0.1/tcp/5");
  assert.equal(port("/ip4/192.0.2.1/tcp/0"), undefined);
});

it("takes a stranger's word for private addresses only in a private network", () => {
  const claimed = [
    "/ip4/192.168.0.9/tcp/1",
    "/ip4/130.83.1.2/tcp/1",
    "/ip6/fd00::9/tcp/1",
    "/ip4/169.254.1.1/tcp/1",
  ];
  const from = (own: string) =>
    reachableFrom(
      [multiaddr(own)],
      claimed.map((text) => multiaddr(text)),
    ).map(String);
  assert.deepEqual(from("/ip4/130.83.1.1/tcp/1"), ["/ip4/130.83.1.2/tcp/1"]);
  assert.deepEqual(from("/ip4/10.0.0.1/tcp/1"), claimed);
});

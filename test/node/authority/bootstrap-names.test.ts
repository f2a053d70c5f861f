/** Peers dialled by a name: of the LAN if the operator wrote the name and it resolves to private addresses alone. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { BootstrapNames } from "../../../src/authority/bootstrap-names.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { until } from "../../support/patience.ts";

const addresses: Readonly<Record<string, readonly string[]>> = {
  "authority-2": ["10.77.0.2"],
  both: ["10.77.0.2", "fd00::2"],
  mixed: ["10.77.0.2", "203.0.113.7"],
  outside: ["203.0.113.7"],
  nothing: [],
};

it("takes names that the operator wrote, by all of their addresses, and no other", async () => {
  const asked: string[] = [];
  const resolve = async (name: string) => {
    asked.push(name);
    const found = addresses[name];
    if (!found) throw new Error("ENOTFOUND");
    return found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  };
  const written = [...Object.keys(addresses), "unknown"].map((name) => `/dns4/${name}/tcp/13246`);
  const names = new BootstrapNames(() => written, systemClock, resolve);
  const of = (name: string, protocol = "dns4") =>
    names.isPrivate(`/${protocol}/${name}/tcp/13246/p2p/12D3KooW`);
  for (const name of [...Object.keys(addresses), "unknown"])
    assert.equal(of(name), false, "not known so far");
  await until("the names are resolved", () => of("authority-2") && of("both"));
  for (const name of ["mixed", "outside", "nothing", "unknown"]) assert.equal(of(name), false, name);
  assert.ok(of("AUTHORITY-2", "dns"), "a name has no case");
  const before = asked.length;
  // A peer's own announcement: it could resolve to whatever the peer likes.
  assert.equal(of("announced"), false);
  assert.equal(names.isPrivate("/ip4/203.0.113.7/tcp/13246"), false);
  assert.ok(!asked.slice(before).includes("announced"));
  assert.equal(asked.filter((name) => name === "authority-2").length, 1, "an answer counts for a while");
  written.splice(0);
  assert.equal(of("authority-2"), false, "the operator took it back");
});

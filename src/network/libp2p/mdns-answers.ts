/** Reads the answers of other nodes with libp2p's own discovery, and gives it no more of an answer than is bounded. */
import type { ComponentLogger, PeerDiscovery, PeerInfo } from "@libp2p/interface";
import { type MulticastDNSComponents, mdns } from "@libp2p/mdns";
import type { Packet } from "dns-packet";
import { parseAddress } from "./addresses.ts";

export interface MdnsNames {
  /** Only answers to this are read. */
  readonly serviceTag: string;
  /** An answer under this name is this node's own. */
  readonly peerName: string;
}

/** Reads one answer, and tells of the peer in it if there is one. */
export type AnswerReader = (packet: Packet) => void;

/** What the library does with each answer that its own socket hears. */
type Discovery = PeerDiscovery & { _onMdnsResponse(packet: Packet): void };

/** Addresses taken from the answer of another node. */
const heardAddressesMax = 8;
/** Before an address in a TXT record, as the mDNS specification of libp2p has it. */
export const addressMark = "dnsaddr=";

/**
 * The library is not started. Its socket asks only on the interface of the default route, and decodes whatever comes, however
 * much: an answer of 65 kB takes milliseconds.
 */
export function mdnsAnswerReader(
  { serviceTag, peerName }: MdnsNames,
  onPeer: (peer: PeerInfo) => void,
): AnswerReader {
  const make = mdns({ serviceTag, peerName, broadcast: false });
  // It would ask for this node's addresses only if it answered.
  const addressManager = {} as MulticastDNSComponents["addressManager"];
  const discovery = make({ addressManager, logger: silent }) as Discovery;
  discovery.addEventListener("peer", ({ detail }) => onPeer(detail));
  return ({ answers = [], additionals = [] }) => {
    const pointer = answers.find(({ type, name }) => type === "PTR" && name === serviceTag);
    if (pointer === undefined) return;
    const addresses = [...answers, ...additionals]
      .flatMap((answer) => (answer.type === "TXT" ? answer.data : []))
      .map(String)
      .filter((text) => text.startsWith(addressMark))
      .slice(0, heardAddressesMax)
      // One that is no address would cost the node all the others.
      .filter((text) => parseAddress(text.slice(addressMark.length)) !== undefined);
    const txt = { type: "TXT", name: pointer.name, data: addresses } as const;
    discovery._onMdnsResponse({ type: "response", answers: [pointer, txt], additionals: [] });
  };
}

/** Any machine on the LAN can send any text: what the library says of it would fill the log. */
const silent: ComponentLogger = { forComponent: () => silentLogger };
const silentLogger = Object.assign(() => {}, {
  error: () => {},
  trace: () => {},
  enabled: false,
  newScope: () => silentLogger,
}) as ReturnType<ComponentLogger["forComponent"]>;

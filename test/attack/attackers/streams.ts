/** Streams of the node's request protocols, misused: malformed frames, bytes that trickle, or answers that nobody reads. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Stream } from "@libp2p/interface";
import { encodeFrame, encodeLength } from "../../../src/network/libp2p/frames.ts";
import {
  candidacyProtocol,
  chainProtocols,
  genesisProtocol,
  handshakeProtocol,
  nodeListProtocol,
  presenceProtocol,
  RangeRequestType,
  statusProtocol,
} from "../../../src/network/messages.ts";
import { attacker, steadily } from "../wire/attacker.ts";
import { Persistent } from "../wire/persistent.ts";
import { specOf } from "../wire/spec.ts";

const openedPerSecond = 200;
/** Yamux would refuse more of one protocol. */
const trickling = 32;

attacker(async (attack) => {
  const spec = specOf(attack.order);
  const chain = chainProtocols(spec.chainId);
  const protocols = [
    ...[handshakeProtocol, statusProtocol, candidacyProtocol, presenceProtocol, genesisProtocol],
    ...[nodeListProtocol, chain.blocksByRange, chain.blocksByHash, chain.mempool, chain.votes],
  ];
  const misuses: Record<string, { readonly protocols: string[]; misuse(stream: Stream): Promise<void> }> = {
    malformed: {
      protocols,
      async misuse(stream) {
        stream.send(encodeFrame(randomBytes(24)));
        await stream.close();
      },
    },
    slow: {
      protocols,
      async misuse(stream) {
        stream.send(encodeLength(20));
        while (!attack.signal.aborted && stream.status === "open") {
          await delay(500);
          stream.send(randomBytes(1));
        }
      },
    },
    unread: {
      protocols: [chain.blocksByRange],
      async misuse(stream) {
        stream.pause();
        const request = RangeRequestType.serialize({ startHeight: 1, count: 128, headersOnly: 0 });
        stream.send(encodeFrame(request));
        await stream.close();
      },
    },
  };
  const kind = misuses[attack.order.variant];
  if (!kind) throw new Error(`there is no misuse ${attack.order.variant}`);
  const persistent = await Persistent.open(attack, { spec, topics: [] });
  await attack.begin();
  let opened = 0;
  let running = 0;
  await steadily(openedPerSecond, attack.signal, async (count) => {
    const open = await persistent.now();
    for (let index = 0; index < count && open && running < trickling; index += 1) {
      const protocol = kind.protocols[opened++ % kind.protocols.length] ?? "";
      running += 1;
      attack.count(1);
      void open.connection
        .newStream(protocol, { signal: AbortSignal.timeout(5_000) })
        .then((stream) => kind.misuse(stream))
        .catch(() => {})
        .finally(() => {
          running -= 1;
        });
    }
  });
});

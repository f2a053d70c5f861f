/** Yamux that ends with its connection at any moment: where it sends a frame of its own, nobody catches its errors. */
import type { StreamMuxer } from "@libp2p/interface";
import { toError } from "../../base/invariant.ts";

interface StreamInternals {
  sendWindowUpdate(): void;
  abort(error: Error): void;
}

/** What libp2p's muxers have and their published type lacks. */
interface MuxerInternals extends StreamMuxer {
  _newStream(...how: unknown[]): StreamInternals;
  sendGoAway(reason?: number): void;
}

/**
 * A new stream sends its first frame a microtask after it was made, and a muxer that is aborted says goodbye inside an event
 * listener. If the connection has ended by then, as that of a peer that was cut a moment ago, yamux throws there, and an
 * error that nobody catches ends the node. Changes the muxer that is given, and returns it.
 */
export function endingWithItsConnection<Muxer extends StreamMuxer>(muxer: Muxer): Muxer {
  const internals = muxer as unknown as MuxerInternals;
  const make = internals._newStream.bind(muxer);
  internals._newStream = (...how) => {
    const stream = make(...how);
    const sendWindowUpdate = stream.sendWindowUpdate.bind(stream);
    stream.sendWindowUpdate = () => {
      try {
        sendWindowUpdate();
      } catch (thrown) {
        stream.abort(toError(thrown));
      }
    };
    return stream;
  };
  const sendGoAway = internals.sendGoAway.bind(muxer);
  internals.sendGoAway = (reason) => {
    try {
      sendGoAway(reason);
    } catch {
      // There is nobody left to say goodbye to.
    }
  };
  return muxer;
}

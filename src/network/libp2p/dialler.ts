/** Opens connections: by all addresses of a peer side by side, or by one bootstrap address, whichever peer answers there. */
import type { Connection } from "@libp2p/interface";
import { CODE_P2P, type Multiaddr } from "@multiformats/multiaddr";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import { BootstrapFailure } from "../host/bootstrap-list.ts";
import { defaultSideBySide, firstAnswer, NoneAnswered } from "../host/side-by-side.ts";
import type { PeerId } from "../peer-host.ts";
import type { PeerScore } from "../peers/score.ts";
import { parseAddress, peerIdOfAddress } from "./addresses.ts";
import { dialFailureText, unsupportedProtocol, unsupportedText } from "./dial-failure.ts";
import type { Transports } from "./transports.ts";

export interface DiallerModules {
  readonly transports: Transports;
  readonly score: Pick<PeerScore, "isBanned">;
  readonly clock: Clock;
  /** Whether this node is of a network that is closed by a secret. */
  readonly hasSecret: boolean;
  readonly connectionsOf: (peer: PeerId) => readonly Connection[];
  /** Called with an address that has just worked. */
  readonly worked: (peer: PeerId, address: Multiaddr) => void;
}

/** A second connection to a peer is closed if the first one is older than this: two younger ones may come from two nodes that dial each other. */
const settledMs = 5_000;

export class Dialler {
  readonly #modules: DiallerModules;
  /** Bootstrap addresses that are being dialled, with the peer that each names. */
  readonly #expected = new Map<string, PeerId | undefined>();
  /** Peers that answered at one of them and were refused. */
  readonly #refused = new Map<string, PeerId>();
  #stopping = new AbortController();

  constructor(modules: DiallerModules) {
    this.#modules = modules;
  }

  start(): void {
    this.#stopping = new AbortController();
  }

  /** Ends every dial that is under way. Later ones fail. */
  stop(): void {
    this.#stopping.abort(new Error("this node is stopping"));
  }

  /**
   * Opens a connection by the first of these addresses that answers.
   *
   * @param peer the peer that has to answer; undefined: the peer that the addresses name, or any
   * @throws NoneAnswered, with the reason of each address
   */
  async dial(
    addresses: readonly string[],
    peer?: PeerId,
    signal?: AbortSignal,
  ): Promise<{ readonly peer: PeerId; readonly address: string }> {
    const signals = [this.#stopping.signal, ...(signal ? [signal] : [])];
    const { address, answer } = await firstAnswer(
      addresses,
      defaultSideBySide,
      {
        clock: this.#modules.clock,
        attempt: (each, attemptSignal) => this.#attempt(each, peer, attemptSignal),
        discard: (connection) => connection.abort(new Error("another address has answered")),
      },
      AbortSignal.any(signals),
    );
    return { peer: this.#settle(answer), address };
  }

  /** @throws BootstrapFailure */
  async dialBootstrap(address: string, expected: PeerId | undefined): Promise<PeerId> {
    const parsed = parseAddress(address);
    if (parsed === undefined)
      throw new BootstrapFailure("it is no multiaddr, such as /ip4/192.0.2.1/tcp/13245");
    // Without the peer id in the address: the other end then tells its own id, even if it is another peer.
    const bare = peerIdOfAddress(parsed) === undefined ? parsed : parsed.decapsulateCode(CODE_P2P);
    const key = bare.toString();
    this.#expected.set(key, expected);
    try {
      return (await this.dial([key])).peer;
    } catch (thrown) {
      throw this.#bootstrapFailure(toError(thrown), this.#refused.get(key), expected);
    } finally {
      this.#expected.delete(key);
      this.#refused.delete(key);
    }
  }

  /** For the connection gater: whether a peer that has just proven its id is not the peer that this dial wants. */
  refuses(peer: PeerId, address: Multiaddr): boolean {
    const key = address.toString();
    const expected = this.#expected.get(key);
    const isRefused = (expected !== undefined && expected !== peer) || this.#modules.score.isBanned(peer);
    if (isRefused && this.#expected.has(key)) this.#refused.set(key, peer);
    return isRefused;
  }

  async #attempt(text: string, peer: PeerId | undefined, signal: AbortSignal): Promise<Connection> {
    const address = parseAddress(text);
    if (address === undefined) throw new Error(`not a multiaddr: ${text}`);
    const protocol = unsupportedProtocol(address);
    if (protocol !== undefined) throw new Error(unsupportedText(protocol));
    const named = peerIdOfAddress(address);
    if (peer !== undefined && named !== undefined && named !== peer) throw new Error(`it names ${named}`);
    const wanted = peer ?? named;
    if (wanted !== undefined && this.#modules.score.isBanned(wanted)) throw new Error(`${wanted} is banned`);
    const whole =
      wanted === undefined || named !== undefined ? address : address.encapsulate(`/p2p/${wanted}`);
    const connection = await this.#modules.transports.dial(whole, signal);
    if (connection.status !== "open") throw new Error("the connection was closed again at once");
    return connection;
  }

  /** Keeps the connection, unless there is an older one with the same peer. */
  #settle(connection: Connection): PeerId {
    const peer = connection.remotePeer.toString();
    this.#modules.worked(peer, connection.remoteAddr);
    const isSecond = this.#modules
      .connectionsOf(peer)
      .some(
        ({ id, timeline }) => id !== connection.id && connection.timeline.open - timeline.open > settledMs,
      );
    if (isSecond) void connection.close().catch(() => connection.abort(new Error("a second connection")));
    return peer;
  }

  #bootstrapFailure(
    error: Error,
    actual: PeerId | undefined,
    expected: PeerId | undefined,
  ): BootstrapFailure {
    if (actual !== undefined && expected !== undefined && actual !== expected) {
      return new BootstrapFailure(
        `node ${actual} answers there, and the address names ${expected}: if that node was set up anew, write /p2p/${actual} in the address, or leave /p2p/… out`,
      );
    }
    if (actual !== undefined) {
      return new BootstrapFailure(`node ${actual} answers there, and is refused for a while`, {
        refused: actual,
      });
    }
    const cause = error instanceof NoneAnswered ? (error.failures[0]?.error ?? error) : error;
    if (cause.name === "InvalidPeerIdError") {
      return new BootstrapFailure("it is this node's own address", { isOwn: true });
    }
    return new BootstrapFailure(dialFailureText(cause, this.#modules.hasSecret));
  }
}

/** The request protocols, both sides: what a node serves of its chain, and how it asks others. */
import { bytesEqual, concatBytes, includesBytes } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Chain } from "../../chain/chain.ts";
import type { Mempool } from "../../mempool/mempool.ts";
import {
  type Block,
  blockBytesMax,
  blockHash,
  type Header,
  headerRoot,
  SealedHeaderType,
} from "../../protocol/block.ts";
import { decode } from "../../protocol/codec.ts";
import type { BlockFault, CodecFault, Fault } from "../../protocol/faults.ts";
import { GenesisType } from "../../protocol/genesis.ts";
import { encodeNodeRecord, type NodeRecord, nodeRecordBytesMax } from "../../protocol/node-record.ts";
import type { BlockDecoder } from "../host/block-decoder.ts";
import { RequestError } from "../host/request-error.ts";
import {
  type ChainProtocols,
  chainProtocols,
  decodeFinalityMessage,
  decodeTransactionsMessage,
  encodeFinalityMessage,
  encodeTransactionsMessage,
  type FinalityMessage,
  finalityMessageBytesMax,
  genesisProtocol,
  HashesType,
  hashesMax,
  messageFlushBytes,
  messageTransactionsMax,
  nodeListProtocol,
  RangeRequestType,
  rangeBlocksMax,
  transactionsMessageBytesMax,
} from "../messages.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

const requestTimeoutMs = 10_000;
/** An answer to one range request ends before it exceeds this size. */
const rangeAnswerBytesMax = 8 * blockBytesMax;
const mempoolChunksMax = 64;
const sealedHeaderBytesMax = 512;
/** Votes for the newest targets come first: after a quorum for one of them nobody needs the older votes. */
const votesServedMax = 512;
const evidenceServedMax = 64;
const recordsServedMax = 64;
const empty = new Uint8Array(0);

/** Answers other nodes from the canonical chain. */
export function serveChain(host: PeerHost, chain: Chain, mempool: Mempool): void {
  const protocols = chainProtocols(chain.spec.chainId);
  host.serve(genesisProtocol, {
    requestBytesMax: 32,
    chunkBytesMax: blockBytesMax,
    timeoutMs: requestTimeoutMs,
    rateLimit: { requests: 5, perMs: 10_000 },
    handle: (request) =>
      bytesEqual(request, chain.spec.chainId) ? [GenesisType.serialize(chain.spec.genesis)] : [],
  });
  host.serve(protocols.blocksByRange, {
    requestBytesMax: 32,
    chunkBytesMax: blockBytesMax,
    timeoutMs: requestTimeoutMs,
    rateLimit: { requests: 100, perMs: 1_000 },
    handle: (request) => answerRange(chain, request),
  });
  host.serve(protocols.blocksByHash, {
    requestBytesMax: 32 * hashesMax,
    chunkBytesMax: blockBytesMax,
    timeoutMs: requestTimeoutMs,
    rateLimit: { requests: 100, perMs: 1_000 },
    handle: (request) => answerHashes(chain, request),
  });
  host.serve(protocols.mempool, {
    requestBytesMax: 0,
    chunkBytesMax: transactionsMessageBytesMax,
    timeoutMs: requestTimeoutMs,
    rateLimit: { requests: 5, perMs: 10_000 },
    handle: () => answerMempool(mempool),
  });
}

/** Tells other nodes the records of nodes that this node knows. */
export function serveNodeList(host: PeerHost, records: () => readonly NodeRecord[]): void {
  host.serve(nodeListProtocol, {
    requestBytesMax: 0,
    chunkBytesMax: nodeRecordBytesMax,
    timeoutMs: requestTimeoutMs,
    rateLimit: { requests: 5, perMs: 10_000 },
    handle: () => records().slice(0, recordsServedMax).map(encodeNodeRecord),
  });
}

/** The node records that a peer knows, as bytes: nothing of them is verified. */
export function fetchNodeList(host: PeerHost, peer: PeerId): AsyncIterable<Uint8Array> {
  const options = {
    timeoutMs: requestTimeoutMs,
    chunksMax: recordsServedMax,
    chunkBytesMax: nodeRecordBytesMax,
  };
  return host.request(peer, nodeListProtocol, empty, options);
}

/** Tells other nodes the votes and evidence that this node knows. */
export function serveVotes(host: PeerHost, chain: Chain): void {
  host.serve(chainProtocols(chain.spec.chainId).votes, {
    requestBytesMax: 0,
    chunkBytesMax: finalityMessageBytesMax,
    timeoutMs: requestTimeoutMs,
    rateLimit: { requests: 10, perMs: 10_000 },
    handle: () => answerVotes(chain),
  });
}

function* answerRange(chain: Chain, request: Uint8Array): Iterable<Uint8Array> {
  const decoded = decode(RangeRequestType, request, "range request");
  if (!decoded.ok) throw new RequestError("request/malformed", decoded.fault.reason);
  const { startHeight, count, headersOnly } = decoded.value;
  let answeredBytes = 0;
  for (let height = startHeight; height < startHeight + Math.min(count, rangeBlocksMax); height += 1) {
    const hash = chain.hashAtHeight(height);
    const record = hash && chain.headerOf(hash);
    if (!record) return;
    const chunk = headersOnly === 1 ? SealedHeaderType.serialize(record) : soundBytes(chain, record.hash);
    if (!chunk || answeredBytes + chunk.length > rangeAnswerBytesMax) return;
    answeredBytes += chunk.length;
    yield chunk;
  }
}

function* answerHashes(chain: Chain, request: Uint8Array): Iterable<Uint8Array> {
  const decoded = decode(HashesType, request, "hashes request");
  if (!decoded.ok) throw new RequestError("request/malformed", decoded.fault.reason);
  for (const hash of decoded.value) {
    const bytes = soundBytes(chain, hash);
    if (bytes) yield bytes;
  }
}

/** Undefined for a block whose bytes on disk are damaged: until they are mended, this node does not have the block. */
function soundBytes(chain: Chain, hash: Uint8Array): Uint8Array | undefined {
  try {
    return chain.blockBytes(hash);
  } catch (thrown) {
    if (includesBytes(chain.damagedBlocks(), hash)) return undefined;
    throw thrown;
  }
}

function* answerMempool(mempool: Mempool): Iterable<Uint8Array> {
  let chunk: Uint8Array[] = [];
  let chunkBytes = 0;
  let chunks = 0;
  for (const { bytes } of mempool.transactions()) {
    chunk.push(bytes);
    chunkBytes += bytes.length;
    if (chunk.length < messageTransactionsMax && chunkBytes < messageFlushBytes) continue;
    yield encodeTransactionsMessage(chunk);
    chunk = [];
    chunkBytes = 0;
    chunks += 1;
    if (chunks === mempoolChunksMax) return;
  }
  if (chunk.length > 0) yield encodeTransactionsMessage(chunk);
}

/** Evidence first: it is small, and a peer that stops reading early still gets it. */
function* answerVotes(chain: Chain): Iterable<Uint8Array> {
  for (const evidence of chain.evidence().slice(0, evidenceServedMax)) {
    yield encodeFinalityMessage({ kind: "evidence", evidence });
  }
  for (const vote of chain.votes().slice(0, votesServedMax))
    yield encodeFinalityMessage({ kind: "vote", vote });
}

/** A header as a peer served it, with its hash. Nothing of it is verified. */
export interface ToldHeader {
  readonly header: Header;
  readonly hash: Uint8Array;
}

/** Asks peers of one chain. A method throws if the peer does not answer, and returns a fault if the answer is nonsense. */
export class ChainRequests {
  readonly #host: PeerHost;
  readonly #protocols: ChainProtocols;
  readonly #decoder: BlockDecoder;

  constructor(chainId: Uint8Array, modules: { readonly host: PeerHost; readonly decoder: BlockDecoder }) {
    this.#host = modules.host;
    this.#decoder = modules.decoder;
    this.#protocols = chainProtocols(chainId);
  }

  /**
   * Up to `count` consecutive canonical blocks of the peer from `startHeight` on; fewer if the peer has no more.
   *
   * @param onBytes is told of each block as it comes
   */
  async blocksByRange(
    peer: PeerId,
    startHeight: number,
    count: number,
    signal?: AbortSignal,
    onBytes: (bytes: number) => void = () => undefined,
  ): Promise<Result<Block[], BlockFault>> {
    const request = RangeRequestType.serialize({ startHeight, count, headersOnly: 0 });
    const chunks = this.#chunks(peer, this.#protocols.blocksByRange, request, count, blockBytesMax, signal);
    const blocks: Block[] = [];
    for await (const chunk of chunks) {
      onBytes(chunk.length);
      const decoded = await this.#decoder.decode(chunk, peer, (block) => block);
      if (!decoded.ok) return decoded;
      const expected = startHeight + blocks.length;
      const actual = decoded.value.header.height;
      if (actual !== expected) return fail({ code: "block/height-wrong", expected, actual });
      blocks.push(decoded.value);
    }
    return ok(blocks);
  }

  /** The peer's canonical header at a height; undefined if the peer has none. */
  async headerAt(
    peer: PeerId,
    height: number,
    signal?: AbortSignal,
  ): Promise<Result<ToldHeader | undefined, Fault>> {
    const request = RangeRequestType.serialize({ startHeight: height, count: 1, headersOnly: 1 });
    const { blocksByRange } = this.#protocols;
    const chunks = this.#chunks(peer, blocksByRange, request, 1, sealedHeaderBytesMax, signal);
    for await (const chunk of chunks) {
      const decoded = decode(SealedHeaderType, chunk, "sealed header");
      if (!decoded.ok) return decoded;
      const { header, seal } = decoded.value;
      return ok({ header, hash: blockHash(headerRoot(header), seal.nonce) });
    }
    return ok(undefined);
  }

  /** The blocks of these hashes that the peer has. */
  async blocksByHash(
    peer: PeerId,
    hashes: readonly Uint8Array[],
    signal?: AbortSignal,
  ): Promise<Result<Block[], BlockFault>> {
    const { blocksByHash } = this.#protocols;
    const request = concatBytes([...hashes]);
    const chunks = this.#chunks(peer, blocksByHash, request, hashes.length, blockBytesMax, signal);
    const blocks: Block[] = [];
    for await (const chunk of chunks) {
      const decoded = await this.#decoder.decode(chunk, peer, (block) => block);
      if (!decoded.ok) return decoded;
      blocks.push(decoded.value);
    }
    return ok(blocks);
  }

  /** The peer's pending transactions, one message at a time. */
  async *mempool(peer: PeerId): AsyncIterable<Result<Uint8Array[], Fault>> {
    const { mempool } = this.#protocols;
    const chunks = this.#chunks(peer, mempool, empty, mempoolChunksMax, transactionsMessageBytesMax);
    for await (const chunk of chunks) yield decodeTransactionsMessage(chunk);
  }

  /** The votes above its final block and the evidence that the peer knows. Gossip may have lost them: it carries nothing twice. */
  async *votes(peer: PeerId): AsyncIterable<Result<FinalityMessage, CodecFault>> {
    const { votes } = this.#protocols;
    const messagesMax = votesServedMax + evidenceServedMax;
    const chunks = this.#chunks(peer, votes, empty, messagesMax, finalityMessageBytesMax);
    for await (const chunk of chunks) yield decodeFinalityMessage(chunk);
  }

  #chunks(
    peer: PeerId,
    protocol: string,
    request: Uint8Array,
    chunksMax: number,
    chunkBytesMax: number,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const options = { timeoutMs: requestTimeoutMs, chunksMax, chunkBytesMax };
    return this.#host.request(peer, protocol, request, signal ? { ...options, signal } : options);
  }
}

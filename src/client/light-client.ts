/** A client that believes no node: from the chain id alone to final blocks, transactions and balances. */
import { ContainerType } from "@chainsafe/ssz";
import { getBlockHeader, getBlockRaw } from "../api/blocks.ts";
import { getGenesis } from "../api/genesis.ts";
import { getAccountProof, getBlockProof, getLight, getTransactionProof } from "../api/light.ts";
import { bytesEqual, fromHex, toHex } from "../base/bytes.ts";
import { entryKeys } from "../ledger/entry.ts";
import type { EntryProof } from "../light/entry-proof.ts";
import { verifyTransaction } from "../light/transaction-proof.ts";
import { byteList, decode } from "../protocol/codec.ts";
import { type ChainSpec, type ConsensusName, decodeGenesis } from "../protocol/genesis.ts";
import { sha256 } from "../protocol/hashing.ts";
import { addressOf, publicKeyOfAddress } from "../protocol/identity.ts";
import { verifySignature } from "../protocol/signing.ts";
import type { ApiClient } from "./api-client.ts";
import { followAuthorities } from "./follow-authorities.ts";
import { followWork } from "./follow-work.ts";
import type { Check, Follower, ProvenHeader } from "./follower.ts";
import {
  type BlockProof,
  readAccountProof,
  readBlockProof,
  readGenesisBytes,
  readLightPage,
  readSealSignature,
  readTransactionProof,
} from "./proof-reader.ts";
import {
  blockOf,
  bodyOf,
  entryUnder,
  requireSealed,
  signersIn,
  userUnder,
  type VerifiedBalance,
  type VerifiedBlock,
  type VerifiedBody,
  type VerifiedSeal,
  type VerifiedTransaction,
} from "./proven-values.ts";
import { held, NotVerified, type Verified, verifying } from "./verified.ts";

export interface LightClientOptions {
  /** 64 hex digits: the one thing that has to come from somewhere you trust. All else follows from it. */
  readonly chainId: string;
  readonly api: ApiClient;
  /** What {@link LightClient.store} gave for this chain another time: the way to there is not walked again. */
  readonly stored?: Uint8Array;
  /** Hashes of blocks that operators declared final without a quorum (trust recovery), if you believe them. */
  readonly trusted?: readonly string[];
  /** Unix time in milliseconds; `Date.now` if it is left out. */
  readonly now?: () => number;
}

/** What is known without asking. */
export interface LightStatus {
  readonly consensus: ConsensusName;
  readonly chainId: string;
  /** Proof of Authority: the newest final block. Proof of Work: the newest of the heaviest chain. */
  readonly height: number;
  readonly hash: string;
  /** Addresses; null in Proof of Work. */
  readonly authorities: readonly string[] | null;
}

const StoredType = new ContainerType({ genesis: byteList(2 ** 24), light: byteList(2 ** 30) });

/**
 * Everything it returns was proven from the chain id on; `steps` says how, and a fault says what did not hold. What it
 * cannot know is whether a node keeps newer blocks from it: look at the block's time. Errors of the network and of the API
 * are thrown (`ApiUnreachable`, `ApiProblem`).
 *
 * @example
 * const opened = await LightClient.open({ chainId, api: createApiClient(url) });
 * if (!opened.ok) throw new Error(opened.fault.reason);
 * const paid = await opened.value.verifyTransaction(id);
 * if (paid.ok) console.log(paid.value.block.height, paid.steps);
 */
export class LightClient {
  readonly #api: ApiClient;
  readonly #spec: ChainSpec;
  readonly #genesis: Uint8Array;
  readonly #follower: Follower;
  #following: Promise<void> | undefined;

  private constructor(api: ApiClient, spec: ChainSpec, genesis: Uint8Array, follower: Follower) {
    this.#api = api;
    this.#spec = spec;
    this.#genesis = genesis;
    this.#follower = follower;
  }

  /** Takes the chain's spec from the node or from what was stored, and holds it against the chain id. */
  static async open(options: LightClientOptions): Promise<Verified<LightClient>> {
    const { api, chainId: chainIdHex, stored, trusted = [], now = Date.now } = options;
    const chainId = fromHex(chainIdHex, 32);
    if (!chainId) throw new TypeError(`${chainIdHex} is no chain id: 64 hex digits`);
    return verifying(async (check) => {
      const kept = stored === undefined ? undefined : storedParts(stored);
      const genesis = kept?.genesis ?? readGenesisBytes(await api.call(getGenesis, {}));
      if (!bytesEqual(sha256(genesis), chainId)) {
        const what = kept
          ? "what was stored is of another chain"
          : "the node's chain spec is of another chain";
        throw new NotVerified(
          kept ? "light/stored-invalid" : "light/wrong-genesis",
          `${what}, ${toHex(sha256(genesis))}`,
        );
      }
      const spec = decodeGenesis(genesis);
      if (!spec.ok) throw new NotVerified("light/wrong-genesis", spec.fault.reason);
      check("chain-id", `the chain spec "${spec.value.name}" has the hash ${chainIdHex.toLowerCase()}`);
      const follower =
        spec.value.consensus === "poa"
          ? followAuthorities(spec.value, kept?.light, trusted)
          : followWork(spec.value, kept?.light, now);
      return new LightClient(api, spec.value, genesis, follower);
    });
  }

  get status(): LightStatus {
    const { tip, authorities } = this.#follower;
    return {
      consensus: this.#spec.consensus,
      chainId: toHex(this.#spec.chainId),
      height: tip.height,
      hash: toHex(tip.hash),
      authorities: authorities?.map(addressOf) ?? null,
    };
  }

  get spec(): ChainSpec {
    return this.#spec;
  }

  /**
   * What is known, to be kept under the chain id and given to {@link open} another time. Whoever can change it can make
   * the client believe anything.
   */
  store(): Uint8Array {
    return StoredType.serialize({ genesis: this.#genesis, light: this.#follower.encode() });
  }

  /** Follows the chain up to the newest block that the node can show. */
  sync(): Promise<Verified<LightStatus>> {
    return verifying(async (check) => {
      await this.#follow(check);
      return this.status;
    });
  }

  /**
   * That a block is final (Proof of Authority), or stands on the heaviest chain that the node has shown (Proof of Work).
   *
   * @param reference a height, a hash, "head" or "final"
   */
  verifyBlock(reference: number | string): Promise<Verified<VerifiedBlock>> {
    return verifying(async (check) => (await this.#block(reference, check)).block);
  }

  /** That a block's bytes are the block's: every transaction in its place, with its sender's signature. */
  verifyBody(reference: number | string): Promise<Verified<VerifiedBody>> {
    return verifying(async (check) => {
      const proven = await this.#block(reference, check);
      const { header, hash } = proven.header;
      const bytes = await this.#api.call(getBlockRaw, { params: { reference: toHex(hash) } });
      const contents = bodyOf(bytes, proven.header);
      const { transactions } = contents;
      if (this.#isSigned(header)) requireSealed(proven.header, contents.seal.signature, check);
      check(
        "transactions",
        `its ${transactions.length} transactions, in their order, are those under its header`,
      );
      const unsigned = transactions.find(
        ({ id, transaction }) => !verifySignature(id, transaction.signature, transaction.sender),
      );
      if (unsigned) {
        throw new NotVerified(
          "light/signature-invalid",
          `nobody has signed ${unsigned.idHex}, in block ${header.height}`,
        );
      }
      check("signature", "the sender of each has signed it");
      const signers = signersIn(contents, (height) => this.#follower.authoritiesAt(height));
      return { transactions, block: proven.block, contents, signers };
    });
  }

  /** That the producer that a block names has sealed it; in Proof of Work the block's hash shows it. */
  verifySeal(reference: number | string): Promise<Verified<VerifiedSeal>> {
    return verifying(async (check) => {
      const { header: proven, block } = await this.#block(reference, check);
      const { header, hash } = proven;
      if (this.#isSigned(header)) {
        const answer = await this.#api.call(getBlockHeader, { params: { reference: toHex(hash) } });
        requireSealed(proven, readSealSignature(answer), check);
      }
      return { producer: header.height === 0 ? null : addressOf(header.producer), block };
    });
  }

  /** Block 0 follows from the chain spec, and work needs no signature. */
  #isSigned({ height }: { readonly height: number }): boolean {
    return this.#spec.consensus === "poa" && height > 0;
  }

  /**
   * That a transaction stands in a block, with its sender's signature.
   *
   * @param id 64 hex digits
   */
  verifyTransaction(id: string): Promise<Verified<VerifiedTransaction>> {
    return verifying(async (check) => {
      const read = async () =>
        readTransactionProof(await this.#api.call(getTransactionProof, { params: { id } }));
      const { proof, header } = await this.#proven(read, ({ block }) => block, check);
      const { decoded, position } = held(verifyTransaction(header.header, proof));
      if (decoded.idHex !== id.toLowerCase()) {
        throw new NotVerified("light/not-what-was-asked", `the node has proven ${decoded.idHex}, not ${id}`);
      }
      check("id", `its bytes have the id ${decoded.idHex}`);
      check("signature", `${addressOf(decoded.transaction.sender)} has signed it`);
      check("leaf", `all its bytes have the hash ${toHex(decoded.leaf)}, its leaf`);
      check(
        "transactions",
        `the leaf leads to the transactions root of block ${header.header.height}, at position ${position} of ${header.header.transactionCount}`,
      );
      return { transaction: decoded, position, block: blockOf(header) };
    });
  }

  /**
   * What an account has after the newest block that the node can prove.
   *
   * @param account an address, a public key in hex, or a registered name
   * @param asset id of an asset whose holding is to be proven, too
   */
  verifyBalance(account: string, asset?: string): Promise<Verified<VerifiedBalance>> {
    return verifying(async (check) => {
      const input = { params: { account }, query: asset === undefined ? {} : { asset } };
      const read = async () => readAccountProof(await this.#api.call(getAccountProof, input));
      // Else a node could show a balance of long ago: newer blocks have to be known before it is asked.
      await this.#follow(check);
      const { proof, header } = await this.#proven(read, ({ block }) => block, check, true);
      const { publicKey, items } = proof;
      const accountHex = toHex(publicKey);
      const entry = (kind: string, key: string) => entryUnder(header, items.get(kind), key, check);
      const named = publicKeyOfAddress(account) ?? fromHex(account, 32);
      if (named && !bytesEqual(named, publicKey)) {
        throw new NotVerified(
          "light/not-what-was-asked",
          `the node has proven ${addressOf(publicKey)}, not ${account}`,
        );
      }
      const name = named === undefined ? lookedUpName(account) : undefined;
      const user =
        name !== undefined
          ? entry("user", entryKeys.user(name))
          : items.has("user")
            ? userUnder(header, items.get("user") as EntryProof, check)
            : undefined;
      if (user && (user.type !== "user" || user.account !== accountHex)) {
        throw new NotVerified(
          "light/not-what-was-asked",
          `the name is that of another account than ${addressOf(publicKey)}`,
        );
      }
      const own = entry("account", entryKeys.account(accountHex));
      if (own.type !== "account")
        throw new NotVerified("light/not-what-was-asked", `${own.type} is no account`);
      const holding =
        asset !== undefined && items.has("assetBalance")
          ? entry("assetBalance", entryKeys.assetBalance(accountHex, asset.toLowerCase()))
          : undefined;
      check("asked", `they are those of ${addressOf(publicKey)}`);
      return {
        address: addressOf(publicKey),
        balance: own.balance,
        sequence: own.sequence,
        name: user?.type === "user" ? user.name : null,
        assetBalance: holding?.type === "assetBalance" ? holding.balance : null,
        block: blockOf(header),
      };
    });
  }

  async #block(
    reference: number | string,
    check: Check,
  ): Promise<{ header: ProvenHeader; block: VerifiedBlock }> {
    const isMoving = reference === "head" || reference === "final";
    if (isMoving) await this.#follow(check);
    const params = { reference };
    const read = async () => readBlockProof(await this.#api.call(getBlockProof, { params }));
    const { header } = await this.#proven(read, (proof) => proof, check, isMoving);
    const isHeight = /^\d{1,16}$/.test(String(reference));
    const isAsked =
      isMoving ||
      (isHeight
        ? header.header.height === Number(reference)
        : toHex(header.hash) === String(reference).toLowerCase());
    if (!isAsked) {
      throw new NotVerified(
        "light/not-what-was-asked",
        `the node has proven block ${header.header.height}, ${toHex(header.hash)}, not ${reference}`,
      );
    }
    if (!isMoving) check("asked", `it is the block ${reference}`);
    return { header, block: blockOf(header) };
  }

  /**
   * Judges a proof; if it does not hold with what is known, once more after following the chain, and again as long as the
   * chain goes on meanwhile: a proof of the newest block may be of one that came after the last look.
   */
  async #proven<Proof>(
    read: () => Promise<Proof>,
    blockProof: (proof: Proof) => BlockProof,
    check: Check,
    isNewest = false,
  ): Promise<{ readonly proof: Proof; readonly header: ProvenHeader }> {
    for (let tries = 1; ; tries += 1) {
      const notes: Parameters<Check>[] = [];
      const note: Check = (name, what) => void notes.push([name, what]);
      try {
        const proof = await read();
        const header = this.#follower.judge(blockProof(proof), note);
        if (isNewest) this.#requireNewest(header, note);
        for (const [name, what] of notes) check(name, what);
        return { proof, header };
      } catch (thrown) {
        if (!(thrown instanceof NotVerified) || thrown.fault.code === "light/malformed") throw thrown;
        const { hash } = this.#follower.tip;
        await this.#follow(check);
        const hasMoved = !bytesEqual(this.#follower.tip.hash, hash);
        if (tries === proofTriesMax || (tries > 1 && !hasMoved)) throw thrown;
      }
    }
  }

  #requireNewest({ header }: ProvenHeader, check: Check): void {
    const { height } = this.#follower.tip;
    if (header.height < height) {
      throw new NotVerified(
        "light/stale",
        `the node has proven block ${header.height}, and block ${height} is known`,
      );
    }
    check("newest", `no newer block is known than ${header.height}`);
  }

  /** One at a time: who comes while it goes on waits for the same end. */
  async #follow(check: Check): Promise<void> {
    const notes: Parameters<Check>[] = [];
    const ask = async (from: number) =>
      readLightPage(await this.#api.call(getLight, { query: { from, limit: pageItems } }));
    this.#following ??= this.#follower
      .follow(ask, (name, what) => void notes.push([name, what]))
      .finally(() => {
        this.#following = undefined;
      });
    await this.#following;
    for (const [name, what] of notes) check(name, what);
  }
}

const pageItems = "1000";
/** Of one proof, while the chain goes on. */
const proofTriesMax = 8;

/** Names are registered in Unicode's form NFC and in lower case. */
function lookedUpName(name: string): string {
  return name.normalize("NFC").toLowerCase().normalize("NFC");
}

function storedParts(stored: Uint8Array): { readonly genesis: Uint8Array; readonly light: Uint8Array } {
  const decoded = decode(StoredType, stored, "stored state");
  if (decoded.ok) return decoded.value;
  throw new NotVerified("light/stored-invalid", `what was stored cannot be read: ${decoded.fault.reason}`);
}

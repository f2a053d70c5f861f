/** The keys of this browser: encrypted where they are kept, open in this tab's memory while they are unlocked. */
import { toHex } from "../../base/bytes.ts";
import {
  addressOf,
  encodeKeystore,
  type KeyPair,
  type KeystoreCipher,
  keyPairFromSeed,
  makeKeystore,
  openKeystore,
  type Result,
  readKeystore,
  type ScryptCost,
  type Stretch,
} from "../../client/index.ts";
import type { Keep } from "./keep.ts";
import type { Backup, KeyRow } from "./rows.ts";

export interface NewKey {
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly label: string;
  readonly passphrase: string;
  readonly path?: string;
  readonly cost?: ScryptCost;
}

export interface KeyRingState {
  readonly keys: readonly KeyRow[];
  /** The ids of the unlocked ones, each with when it locks itself. */
  readonly unlocked: ReadonlyMap<string, number>;
  /** Undefined if keys survive a reload; else why they do not. */
  readonly whyNotLasting: string | undefined;
}

/** A key that nobody uses is locked after so long. */
export const lockAfterMsDefault = 10 * 60_000;
export const labelLengthMax = 40;

export class KeyRing {
  readonly keep: Keep;
  readonly #open = new Map<string, { readonly keyPair: KeyPair; locksAtMs: number }>();
  readonly #listeners = new Set<() => void>();
  readonly #nowMs: () => number;
  #state: KeyRingState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  lockAfterMs = lockAfterMsDefault;

  constructor(keep: Keep, nowMs: () => number = Date.now) {
    this.keep = keep;
    this.#nowMs = nowMs;
    this.#state = { keys: [], unlocked: new Map(), whyNotLasting: keep.whyNotLasting };
  }

  get state(): KeyRingState {
    return this.#state;
  }

  /** @returns what ends it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the keys again, which another tab may have changed. */
  async refresh(): Promise<void> {
    const keys = (await this.keep.all("keys")).sort((one, other) => one.createdAtMs - other.createdAtMs);
    for (const id of this.#open.keys()) if (!keys.some((key) => key.id === id)) this.#close(id);
    this.#tell({ keys });
  }

  /** The row of a new key, encrypted; nothing is kept yet. */
  async encrypt(key: NewKey, stretch: Stretch): Promise<Omit<KeyRow, "backup">> {
    const { seed, passphrase, path = "", label, cost } = key;
    const keystore = await makeKeystore(
      { seed, passphrase, path, description: label, ...(cost && { cost }) },
      stretch,
    );
    const publicKey = keystore.publicKey ?? keyPairFromSeed(seed).publicKey;
    return {
      id: toHex(publicKey),
      address: addressOf(publicKey),
      label,
      keystore: encodeKeystore(keystore),
      path,
      createdAtMs: this.#nowMs(),
    };
  }

  /** Keeps a key. One that is here already keeps its label; its passphrase is the new one. */
  async add(row: Omit<KeyRow, "backup">, backup: Backup): Promise<void> {
    await this.keep.change("keys", async (rows) => {
      const before = await rows.get(row.id);
      await rows.put(
        before
          ? { ...row, backup, label: before.label, createdAtMs: before.createdAtMs }
          : { ...row, backup },
      );
    });
    await this.refresh();
  }

  async change(id: string, change: Partial<Pick<KeyRow, "label" | "backup">>): Promise<void> {
    await this.keep.change("keys", async (rows) => {
      const row = await rows.get(id);
      if (row) await rows.put({ ...row, ...change });
    });
    await this.refresh();
  }

  async remove(id: string): Promise<void> {
    this.lock(id);
    await this.keep.change("keys", (rows) => rows.remove(id));
    await this.refresh();
  }

  /** Opens a key for this tab. The fault is a phrase that follows "the key". */
  async unlock(id: string, passphrase: string, stretch: Stretch): Promise<Result<KeyPair, string>> {
    const opened = await this.#seedOf(id, passphrase, stretch);
    if (!opened.ok) return opened;
    const keyPair = keyPairFromSeed(opened.value);
    opened.value.fill(0);
    this.#close(id);
    this.#open.set(id, { keyPair, locksAtMs: this.#nowMs() + this.lockAfterMs });
    this.#tell({});
    this.#arm();
    return { ok: true, value: keyPair };
  }

  /** An unlocked key, to sign with now; undefined if it is locked. Using it puts off its locking. */
  use(id: string): KeyPair | undefined {
    this.lockWhatIsDue();
    const open = this.#open.get(id);
    if (!open) return undefined;
    open.locksAtMs = this.#nowMs() + this.lockAfterMs;
    this.#tell({});
    this.#arm();
    return open.keyPair;
  }

  lock(id: string): void {
    this.#close(id);
    this.#tell({});
    this.#arm();
  }

  lockAll(): void {
    for (const id of [...this.#open.keys()]) this.#close(id);
    this.#tell({});
    this.#arm();
  }

  /** Timers sleep with the device: it is asked, too, when the page is looked at again. */
  lockWhatIsDue(): void {
    const due = [...this.#open].filter(([, { locksAtMs }]) => locksAtMs <= this.#nowMs());
    for (const [id] of due) this.#close(id);
    if (due.length > 0) this.#tell({});
    this.#arm();
  }

  /** The text of a keystore file that opens here and on the command line, and by `aes-128-ctr` in other programs. */
  async exported(
    id: string,
    passphrase: string,
    cipher: KeystoreCipher,
    stretch: Stretch,
  ): Promise<Result<string, string>> {
    const row = this.#row(id);
    const seed = await this.#seedOf(id, passphrase, stretch);
    if (!seed.ok) return seed;
    if (cipher === "aes-128-gcm") return { ok: true, value: row.keystore };
    const { path, label } = row;
    const again = await makeKeystore(
      { seed: seed.value, passphrase, path, description: label, cipher },
      stretch,
    );
    seed.value.fill(0);
    return { ok: true, value: encodeKeystore(again) };
  }

  async #seedOf(id: string, passphrase: string, stretch: Stretch): Promise<Result<Uint8Array, string>> {
    const keystore = readKeystore(JSON.parse(this.#row(id).keystore));
    if (!keystore.ok) return { ok: false, fault: `cannot be read: ${keystore.fault}` };
    const seed = await openKeystore(keystore.value, passphrase, stretch);
    return seed.ok ? seed : { ok: false, fault: seed.fault.reason };
  }

  #row(id: string): KeyRow {
    const row = this.#state.keys.find((key) => key.id === id);
    if (!row) throw new Error("this key is not in this browser any more: another tab has removed it");
    return row;
  }

  /** What can be wiped is wiped: a text, such as a passphrase, cannot. */
  #close(id: string): void {
    this.#open.get(id)?.keyPair.secretKey.fill(0);
    this.#open.delete(id);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = Math.min(...[...this.#open.values()].map(({ locksAtMs }) => locksAtMs));
    if (!Number.isFinite(next)) return;
    this.#timer = setTimeout(() => this.lockWhatIsDue(), Math.max(0, next - this.#nowMs()) + 50);
  }

  #tell(change: Partial<KeyRingState>): void {
    const unlocked = new Map([...this.#open].map(([id, { locksAtMs }]) => [id, locksAtMs]));
    this.#state = { ...this.#state, ...change, unlocked };
    for (const listener of [...this.#listeners]) listener();
  }
}

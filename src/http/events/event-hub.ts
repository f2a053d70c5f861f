/** Takes what happens in the node, and sends it to everybody who listens, in slices that leave the node's thread to the node. */
import { randomBytes } from "node:crypto";
import { type Clock, sleep, type Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { EventListener, type EventSink } from "./event-listener.ts";
import { EventRing } from "./event-ring.ts";
import { eventText, retryText } from "./event-text.ts";
import { EventView } from "./event-view.ts";
import {
  type GapReason,
  type Happening,
  type HubEvent,
  type HubOptions,
  type HubStatistics,
  hubDefaults,
  type Refused,
  type Subscription,
} from "./hub-options.ts";

/** How long the hub may hold the thread before it lets others in. */
const sliceMs = 2;
/** Events made before they are sent. */
const pieceEventsMax = 1_024;
const pieceBytesMax = 256 * 1024;
/** After each slice the hub rests so many times as long as the slice took: at most a sixth of the thread is its own. */
const restFactor = 5;
const restMaxMs = 500;
/** What happens within so many milliseconds is sent together. */
const restMinMs = 10;
const retryMinMs = 1_000;
const retrySpreadMs = 2_000;

/** A topic whose events are made. */
interface Kept {
  /** All of it after this number. */
  since: number;
  leftAtMs: number | undefined;
}

export class EventHub<Topic extends string> {
  /** Of this process: ids of another one say nothing here. */
  readonly epoch = randomBytes(6).toString("hex");
  readonly #options: HubOptions<Topic> & typeof hubDefaults;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ring: EventRing;
  readonly #bits: ReadonlyMap<Topic, number>;
  readonly #listeners = new Set<EventListener>();
  readonly #perAddress = new Map<string, number>();
  readonly #views = new Map<string, EventView>();
  /** Topics whose events are made, with the number after which they are complete, and when the last listener left. */
  readonly #kept = new Map<Topic, Kept>();
  /** Somebody may have an id. */
  #hasNumbered = false;
  #queue: { readonly happening: Happening<Topic>; readonly bytes: number }[] = [];
  #queueBytes = 0;
  #making: Iterator<HubEvent<Topic>> | undefined;
  #isRunning = false;
  /** There was a reason to look at all listeners again while a run was under way, maybe after it had come by. */
  #isWokenMeanwhile = false;
  #isStopped = false;
  #timer: Timer | undefined;
  #beatTimer: Timer | undefined;
  #dropped = 0;

  constructor(options: HubOptions<Topic>, modules: { readonly clock: Clock; readonly logger: Logger }) {
    this.#options = { ...hubDefaults, ...options };
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#ring = new EventRing(this.#options.ring);
    this.#bits = new Map(options.topics.map((topic, index) => [topic, 1 << index]));
  }

  /** Whether anybody listens to a topic, or did a while ago and may come back. */
  wants(topic: Topic): boolean {
    return this.#kept.has(topic);
  }

  get statistics(): HubStatistics {
    return {
      listeners: this.#listeners.size,
      listenersDropped: this.#dropped,
      eventsMade: this.#ring.newest,
      ringBytes: this.#ring.bytes,
    };
  }

  /**
   * Notes that something has happened. Costs its caller next to nothing: the events are made later, off the caller's path.
   *
   * @param happening makes the events, of topics that are {@link wants wanted}; asked once, later, or never if nobody
   *   listens
   * @param bytes what it keeps in memory until then, e.g. of blocks
   */
  publish(happening: Happening<Topic>, bytes = 0): void {
    if (this.#kept.size === 0 || this.#isStopped) return;
    const { queueMax, queueBytesMax } = this.#options;
    const { length } = this.#queue;
    if (length > 0 && (length >= queueMax || this.#queueBytes + bytes > queueBytesMax)) this.#overflow();
    this.#queue.push({ happening, bytes });
    this.#queueBytes += bytes;
    this.#wake();
  }

  /** Takes a listener in; what it is sent first is its gap, what it has missed, and the snapshot. */
  listen(subscription: Subscription<Topic>, sink: EventSink): Refused | undefined {
    const refused = this.refusal(subscription.address);
    if (refused) return refused;
    const nowMs = this.#clock.monotonicMs();
    const { topics, address } = subscription;
    const view = this.#viewOf(subscription);
    const { from, gap } = this.#startOf(subscription);
    this.#keep(topics);
    const listener = new EventListener(view, from, { sink, ring: this.#ring, address });
    view.listeners += 1;
    this.#listeners.add(listener);
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    sink.on("drain", () => {
      listener.drained();
      this.#wake(0);
    });
    sink.on("close", () => this.#remove(listener));
    listener.say(retryText(Math.round(retryMinMs + Math.random() * retrySpreadMs)), nowMs);
    if (gap) listener.say(this.#gapText(gap, subscription.lastEventId), nowMs);
    listener.greet(() => this.#snapshotText(listener));
    if (listener.pump(nowMs)) this.#wake(0);
    // Its reader may have gone before anybody could hear of it.
    if (sink.destroyed) this.#remove(listener);
    this.#beatTimer ??= this.#clock.schedule(this.#beatEveryMs, () => this.#beat());
    return undefined;
  }

  /** Why a reader from this address would not be taken in now. */
  refusal(address: string): Refused | undefined {
    const { listenersMax, listenersPerAddressMax } = this.#options;
    if (this.#isStopped) return "stopping";
    if (this.#listeners.size >= listenersMax) return "too-many";
    return (this.#perAddress.get(address) ?? 0) >= listenersPerAddressMax
      ? "too-many-from-address"
      : undefined;
  }

  /** Sends what has happened so far, as far as connections take it, and ends every stream. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#beatTimer?.cancel();
    this.#makePiece();
    const nowMs = this.#clock.monotonicMs();
    for (const listener of this.#listeners) {
      listener.pump(nowMs);
      listener.end("stopping", {
        next: "the node stops: connect again after a while; events of another process have another epoch",
      });
    }
    this.#queue = [];
    this.#making = undefined;
    this.#kept.clear();
  }

  #viewOf({ topics, accounts }: Subscription<Topic>): EventView {
    const mask = topics.reduce((bits, topic) => bits | (this.#bits.get(topic) ?? 0), 0);
    const key = EventView.keyOf(mask, accounts);
    const known = this.#views.get(key);
    if (known) return known;
    const view = new EventView(mask, accounts);
    this.#views.set(key, view);
    return view;
  }

  /** After which number a reader goes on, and why that is not where it stopped. */
  #startOf({ topics, lastEventId }: Subscription<Topic>): { from: number; gap?: GapReason } {
    const { newest, oldest } = this.#ring;
    if (lastEventId === undefined || lastEventId === "") return { from: newest };
    const [, epoch, digits] = /^([0-9a-f]+)-(\d{1,15})$/.exec(lastEventId) ?? [];
    const after = Number(digits);
    if (epoch !== this.epoch || after > newest) return { from: newest, gap: "other-process" };
    // What happens to a topic that nobody wants is not numbered: the newest number does not say that nothing happened.
    const isKept = topics.every(
      (topic) => (this.#kept.get(topic)?.since ?? Number.POSITIVE_INFINITY) <= after,
    );
    return isKept && after >= oldest - 1 ? { from: after } : { from: newest, gap: "not-kept" };
  }

  #keep(topics: readonly Topic[]): void {
    const added = topics.filter((topic) => !this.#kept.has(topic));
    // An id from before does not say what has happened to these topics since: it is told apart by a number.
    if (added.length > 0 && this.#hasNumbered) this.#ring.leaveOut();
    this.#hasNumbered = true;
    for (const topic of added) this.#kept.set(topic, { since: this.#ring.newest, leftAtMs: undefined });
    for (const topic of topics) (this.#kept.get(topic) as Kept).leftAtMs = undefined;
  }

  #remove(listener: EventListener): void {
    if (!this.#listeners.delete(listener)) return;
    const { view, address } = listener;
    view.listeners -= 1;
    if (view.listeners === 0) this.#views.delete(view.key);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, left);
    let heard = 0;
    for (const { topicMask } of this.#views.values()) heard |= topicMask;
    for (const [topic, kept] of this.#kept) {
      const bit = this.#bits.get(topic) ?? 0;
      if ((heard & bit) === 0) kept.leftAtMs ??= this.#clock.monotonicMs();
    }
  }

  /** @param delayMs what happens meanwhile is sent together */
  #wake(delayMs = restMinMs): void {
    // A run rests in between, also at its end: a connection that takes more again, or a reader that comes with a long way
    // behind it, is not seen by it any more unless the run is told.
    if (this.#isRunning) this.#isWokenMeanwhile = true;
    if (this.#isRunning || this.#timer || this.#isStopped) return;
    this.#timer = this.#clock.schedule(delayMs, () => {
      this.#timer = undefined;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    await this.#makeAndSend().catch((thrown: unknown) => {
      this.#logger.error({ error: toError(thrown) }, "events could not be sent");
    });
    this.#isRunning = false;
    if (this.#hasMore) this.#wake();
  }

  get #hasMore(): boolean {
    return this.#isWokenMeanwhile || this.#making !== undefined || this.#queue.length > 0;
  }

  /** Makes a piece, sends it to all who take it, and so on until there is nothing; rests after every slice. */
  async #makeAndSend(): Promise<void> {
    let sinceMs = this.#clock.monotonicMs();
    const isOver = () => this.#clock.monotonicMs() - sinceMs >= sliceMs;
    const rest = async (leastMs: number) => {
      const busyMs = this.#clock.monotonicMs() - sinceMs;
      await sleep(this.#clock, Math.max(leastMs, Math.min(restMaxMs, busyMs * restFactor)));
      sinceMs = this.#clock.monotonicMs();
    };
    let isBehind = false;
    do {
      this.#isWokenMeanwhile = false;
      // Nothing new before those who read have what there is: so they lose nothing, however much happens at once.
      if (!isBehind) this.#makePiece(isOver);
      isBehind = false;
      for (const listener of this.#listeners) {
        if (isOver()) await rest(0);
        if (this.#isStopped) return;
        if (this.#serve(listener)) isBehind = true;
      }
      await rest(isBehind ? 0 : restMinMs);
    } while ((isBehind || this.#hasMore) && !this.#isStopped);
  }

  /** Makes events of what waits, up to a piece that every connection that is read can take. */
  #makePiece(isOver: () => boolean = () => false): void {
    const { newest } = this.#ring;
    const { entriesMax, bytesMax } = this.#options.ring;
    // Of less than the ring holds: nothing leaves it before it was sent to those who read.
    const events = Math.min(pieceEventsMax, Math.ceil(entriesMax / 2));
    const bytesOfPiece = Math.min(pieceBytesMax, bytesMax / 2);
    let bytes = 0;
    while (this.#ring.newest - newest < events && bytes < bytesOfPiece && !isOver()) {
      this.#making ??= this.#takeHappening();
      if (!this.#making) return;
      const next = this.#nextOf(this.#making);
      if (next) bytes += this.#add(next);
      else this.#making = undefined;
    }
  }

  #takeHappening(): Iterator<HubEvent<Topic>> | undefined {
    const taken = this.#queue.shift();
    this.#queueBytes -= taken?.bytes ?? 0;
    return taken && eventsOf(taken.happening);
  }

  /** A happening that cannot be told costs its own events, not the stream. */
  #nextOf(making: Iterator<HubEvent<Topic>>): HubEvent<Topic> | undefined {
    try {
      const { done, value } = making.next();
      return done ? undefined : value;
    } catch (thrown) {
      this.#logger.error({ error: toError(thrown) }, "an event for the API's clients could not be made");
      return undefined;
    }
  }

  #add({ topic, data, accounts }: HubEvent<Topic>): number {
    const bit = this.#kept.has(topic) ? this.#bits.get(topic) : undefined;
    if (bit === undefined) return 0;
    const encode = (number: number) => Buffer.from(eventText(topic, data, this.#idOf(number)));
    return this.#ring.add(bit, accounts, encode).bytes.length;
  }

  /** Returns whether there is more for it that its connection would take. */
  #serve(listener: EventListener): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (listener.hasLost && listener.isStalled) {
      this.#drop(listener);
      return false;
    }
    if (listener.hasLost) {
      // No fault of its own: more has happened at once than is kept.
      listener.skipTo(this.#ring.oldest - 1);
      listener.say(this.#gapText("node-busy", undefined), nowMs);
      listener.greet(() => this.#snapshotText(listener));
    }
    return listener.pump(nowMs);
  }

  #drop(listener: EventListener): void {
    if (listener.hasEnded) return;
    this.#dropped += 1;
    const next =
      "read faster, or ask for fewer topics or for one account; connect again with the id of the last event that you have";
    listener.end("slow", { reason: "slow", next });
    this.#remove(listener);
  }

  /** More has happened than can be told: what waits is given up, and everybody is told that there is a gap. */
  #overflow(): void {
    this.#queue = [];
    this.#queueBytes = 0;
    this.#making = undefined;
    this.#ring.clear();
    for (const kept of this.#kept.values()) kept.since = this.#ring.newest;
  }

  get #beatEveryMs(): number {
    return this.#options.heartbeatMs / 3;
  }

  #beat(): void {
    const nowMs = this.#clock.monotonicMs();
    const { heartbeatMs, stalledMaxMs, keepMs } = this.#options;
    for (const listener of this.#listeners) {
      if (listener.stalledForMs(nowMs) >= stalledMaxMs) this.#drop(listener);
      else listener.beat(nowMs, heartbeatMs - this.#beatEveryMs);
    }
    for (const [topic, { leftAtMs }] of this.#kept)
      if (leftAtMs !== undefined && nowMs - leftAtMs >= keepMs) this.#kept.delete(topic);
    const isNeeded = this.#listeners.size > 0 || this.#kept.size > 0;
    this.#beatTimer = isNeeded ? this.#clock.schedule(this.#beatEveryMs, () => this.#beat()) : undefined;
  }

  #idOf(number: number): string {
    return `${this.epoch}-${number}`;
  }

  #snapshotText({ view }: EventListener): string {
    const topics = this.#options.topics.filter(
      (topic) => (view.topicMask & (this.#bits.get(topic) ?? 0)) !== 0,
    );
    return eventText("snapshot", this.#options.snapshot(topics), this.#idOf(this.#ring.newest));
  }

  #gapText(reason: GapReason, after: string | undefined): string {
    const next = "read what you have missed from the lists, such as GET /v1/accounts/{account}/transactions";
    return eventText("gap", { reason, after: after ?? null, next });
  }
}

/** Asks it only when the first event is taken: so one that fails at once fails as one does that fails later. */
function* eventsOf<Topic extends string>(happening: Happening<Topic>): Generator<HubEvent<Topic>, void> {
  yield* happening();
}

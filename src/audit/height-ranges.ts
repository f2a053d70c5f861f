/** Heights as people read them: 12 to 20, and 31. */

/** More than these are not told one by one. */
const rangesMax = 20;

/** Heights that come in ascending order. */
export class HeightRanges {
  readonly #ranges: [from: number, to: number][] = [];
  #isLonger = false;

  add(height: number): void {
    const last = this.#ranges.at(-1);
    if (last && height <= last[1] + 1) last[1] = height;
    else if (this.#ranges.length < rangesMax) this.#ranges.push([height, height]);
    else this.#isLonger = true;
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** E.g. "block 12", or "blocks 12 to 20 and 31". */
  get text(): string {
    const parts = this.#ranges.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
    if (this.#isLonger) parts.push("more");
    const last = parts.pop() ?? "";
    const isOne = parts.length === 0 && !last.includes(" ");
    return `${isOne ? "block" : "blocks"} ${parts.length === 0 ? last : `${parts.join(", ")} and ${last}`}`;
  }
}

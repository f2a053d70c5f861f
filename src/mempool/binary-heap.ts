/** A priority queue: the first of all by a comparison, in logarithmic time. */

export class BinaryHeap<Value> {
  readonly #values: Value[] = [];
  readonly #compare: (left: Value, right: Value) => number;

  /** @param compare negative where `left` comes out before `right` */
  constructor(compare: (left: Value, right: Value) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#values.length;
  }

  peek(): Value | undefined {
    return this.#values[0];
  }

  push(value: Value): void {
    const values = this.#values;
    let hole = values.length;
    values.push(value);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = values[parent] as Value;
      if (this.#compare(above, value) <= 0) break;
      values[hole] = above;
      hole = parent;
    }
    values[hole] = value;
  }

  pop(): Value | undefined {
    const values = this.#values;
    const first = values[0];
    const last = values.pop();
    if (last === undefined || values.length === 0) return first;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= values.length) break;
      const right = child + 1;
      if (right < values.length && this.#compare(values[right] as Value, values[child] as Value) < 0) {
        child = right;
      }
      const below = values[child] as Value;
      if (this.#compare(last, below) <= 0) break;
      values[hole] = below;
      hole = child;
    }
    values[hole] = last;
    return first;
  }

  clear(): void {
    this.#values.length = 0;
  }
}

/**
 * Which characters texts in the ledger may have, frozen from Unicode 17: a runtime that knows a newer Unicode must not
 * find another block valid. Normal forms need no table, since Unicode never changes those of characters that exist.
 */

/**
 * Ranges of code points, each "skip" or "skip-more" in base 36: the first is `skip` after the end of the range before
 * it, and `more` follow.
 */
type PackedRanges = string;

/** Characters that show something and stand for themselves in NFC: no controls, formats, private use, spaces, blanks. */
const visiblePacked: PackedRanges = `
  x-2l z-b 2-i9 3 3-9 2-z 2-2 3-3 2 5-2 2-2 2 2-j 2-b0 2-11 3-1d 3-2 2-1i 9-q 5-5 i-l 2-5b 2-1b 3-1m 3-2s
  f-1m 3-1c 3-e 2-r 3 2-a 6-v 8-22 2-38 9-z 2-7 3-1 3-l 2-6 2 4-3 3-8 3-1 3-3 9 9-3 3-o 3-2 2-5 5-1 3-l
  2-6 2 3 3-1 3 2-4 5-1 3-2 4 b a-g b-2 2-8 2-2 2-l 2-6 2-1 2-4 3-9 2-2 2-2 3 g-3 3-b 8-6 2-2 2-7 3-1 3-l
  2-6 2-1 2-4 3-8 3-1 3-2 8-2 8-4 3-h b-1 2-5 4-2 2-3 4-1 2 2-1 4-1 4-2 4-b 5-4 4-2 2-3 3 7 f-k 6-c 2-2
  2-m 2-f 3-8 2-2 2-3 8-1 2-2 2-1 3-3 3-9 8-l 2-2 2-m 2-9 2-4 3-8 2-2 2-3 8-1 6-2 2-3 3-9 2-2 d-c 2-2 2-1e
  2-2 2-5 5-f 3-p 2-2 2-h 4-n 2-8 2 3-6 4 5-5 2 2-7 7-9 3-2 d-1l 5-s 12-1 2 2-4 2-n 2 2-m 3-4 2 2-6 2-9
  3-3 x-1u 2-3 2-3 2-3 2-3 2-3 2-b 2-2 5-1 2 3 2-7 2-g 2-3 2-3 2-3 2-3 2-3 2-b 2-2 2-e 2-c 12-5h 2 6 3-3y
  3-6f 2-3 3-6 2 2-3 3-14 2-3 3-w 2-3 3-6 2 2-3 3-e 2-1k 2-3 3-1u 3-v 4-p 7-2d 3-5 3-hr 2-r 4-2g 8-l a-n
  a-j d-c 2-2 2-1 d-1f 3-13 3-9 7-9 7-a 6-9 7-2g 8-16 6-1x b-u 2-b 5-b 5 4-15 3-4 c-17 5-p 7-a 4-1p 3-1s
  2-s 3-a 7-9 7-d 3-19 3-b l-24 2-4l 9-1n 4-e 4-1p 6-16 3-a 9-16 6-et 3-5 3-11 3-5 3-7 2 2 2 2-h 2 2 2 2 2
  2 4-1g 2-4 2-1 2-5 2-2 2 2-6 4-4 3-5 2-6 2-1 5-2 2-2 2 2 2 i-n 9-1a i-1 3-q 2-c 4-x f-w g-11 2-2 3-2n
  5-bc 3-72 n-a m-1a3 2-46 3-al 6-18 2 6 3-1j 8-1 f-n a-6 2-6 2-6 2-6 2-6 2-6 2-6 2-6 2-3h z-p 2-2g d-5x
  r-f 2-1q 2-2d 3-2u 6-16 2-1e 2-15 2-2d a-1b 2-mlo 4-1i a-9n l-53 9-64 l-1n 4-9 7-1j 9-1x 9-b 7-37 c-t
  4-25 2-a 5-w 2-1i a-d 3-9 3-2u p-r b-5 3-5 3-5 a-6 2-6 2-1n 5-3h 3-9 7-8mb d-m 5-1c 6qb-1 2 2-1 b 2 2-1
  3-2 5z-6 d-4 7 2-9 12-hs x-f h-9 7-1e 2-i 2-3 5-4 2-3q 5-4e 2-t 4-5 3-5 3-5 3-2 4-6 2-6 e-1 3-b 2-p 2-i
  2-1 2-e 3-d z-3e 6-2 5-18 4-2f 2-c 4 1c-19 3n-s 4-1c g-r 5-z a-t 6-16 6-t 2-10 5-d 17-4d 3-9 7-z 5-z
  5-13 9-1f c-b 2-e 2-6 2-1 2-a 2-e 2-6 2-1 4-1f d-8m a-l b-7 p-5 2-15 2-8 1y-5 3 2-17 2-1 4 3-m 2-1z 9-8
  1d-i 2-1 6-w 4-q 6-q 13-1j 5-j 3-1d 2-1 6-7 2-2 2-s 3-2 5-9 8-8 8-1r x-12 5-b a-1h 4-s 3-q 6-p 8-3 d-6
  29-20 1k-1e e-1e 8-19 9-9 7-11 4-s 9-1 5t-u 2-15 2-2 3-1 h-5 9-8 y-19 9-15 n-p 13-r l-m a-25 5-z a-1p
  2-4 e-o 8-9 7-1g 2-h 9-12 a-2n 2-j c-h 2-1a 1r-6 2 2-3 2-e 2-a 7-1m 6-9 7-3 2-7 3-1 3-l 2-6 2-1 2-4 2-9
  3-1 3-2 3 7 6-6 3-6 4-4 c-9 2 3 2-11 2-9 2 3 2-3 2-9 2-1 9-1 u-2j 2-4 v-1z 9-9 4n-1h 3-11 z-1w c-9 7-c
  k-1l 7-9 7-j t-q 3-e 5-m 56-1n 2t-2a d-7 3 3-7 2-1 2-t 2-1 3-b a-9 1z-7 3-19 3-a s-1z 9-2a e-20 8-9 2f-7
  2h-x f-9 7-8 2-18 2-d b-s 4-v 3-l 2-d 22-6 2-1 2-17 4 2-1 2-8 9-9 7-5 2-1 2-10 2-1 2-5 8-9 7-17 5-9 6v-o
  8-g 2-14 4-s 2e g-1d e-pm 2v-32 2-4 c-5f 219-2q e-tr h-l b-32y 6-g6 5a2-1l 1c7-fs 8-u 2-9 5-28 2-9 7-t
  3-5 b-1x b-9 2-6 2-k 6-i c1-1l 5j-2i 6-o 3-o 19-22 5-1k 8-g 1t-4 c-6 a-5p1 16-v 2q-36 6pq-3 2-6 2-1 2-82
  g u-2 3 f-3 9-az 1s5-2y 6-c 4-8 8-9 3-3 31d-70 4-c3 7-m g-g g-19 3-m a-37 1p-6t b-12 3-1g 8-d 9-1r 7-15
  m-1x 3f-j d-j d-2e a-o 3s-2c 2-1y 2-1 3 3-1 3-3 2-b 2 2-6 2-1s 2-3 3-7 2-6 2-r 2-3 2-4 2 4-6 2-9f 3-83
  3-jh g-4 2-e up-u 7-5 5y-6 2-g 3-6 2-1 2-4 6-1p y 35-18 4-d 3-9 5-1 8x-u i-1l 6 cx-15 5z-16 5 5d-u 2-l
  9-1 69-6 2-3 2-1 2-e 2-5g 3-f 16-23 5-9 5-1 lu-1v 25-1o 5f-3 2-q 2-1 2 3 2-9 2-3 2 2 7 5 2 2 2-2 2-1 2 3
  2 2 2 2 2-1 2 3-3 2-6 2-3 2-3 2 2-9 2-g 6-2 2-4 2-g 1h-1 7j-17 5-2r d-e 3-e 2-e 2-10 b-4t 1l-s e-17 5-8
  8-1 f-5 4b-rc 4-g 4-c 4-61 7-b 5 g-b 5-1j 9-9 7-13 9-t 3-b 5-1 f-8 14-9j 9-d 3-c 4-a 4-1k 2 5-f 3-b 5-9
  8-42 2-2u sm-wyn x-3dp 3-4gd 3-5rk g-h9 3hf-3t6 6-6jt
`;

/** Those of them that lower-casing changes. */
const capitalPacked: PackedRanges = `
  1t-p 2u-m 2-6 y 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 3 2 2 2 2 2 2 2 3 2 2 2 2 2 2 2 2
  2 2 2 2 2 2 2 2 2 2 2 2 2 2 2-1 2 2 4-1 2 2-1 2-2 3-3 2-1 2-2 4-1 2-1 2 2 2-1 2 3 2-1 2-2 2 2-1 4 8-1
  2-1 2-1 2 2 2 2 2 2 2 2 3 2 2 2 2 2 2 2 2 3-1 2 2-2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
  2 2 2 8-1 2-1 3 2-3 2 2 2 2 82 2 4 9 7 2-2 2 2-1 2-g 2-8 10 9 2 2 2 2 2 2 2 2 2 2 2 6 3 2-1 3-1e 1d 2 2
  2 2 2 2 2 2 2 2 2 2 2 2 2 2 a 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2-1 2 2 2 2 2 2 3 2 2
  2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 3-11 28a-11 2
  6 k3-2d 1p0 7-16 3-2 8x 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
  2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 a 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
  2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 a-7 9-5 b-7 9-7 9-5 c 2 2 2 9-7 p-7 9-7
  9-7 9-2 2 c 2 2 c-2 e-2 2 c 2 2 8m 1a-f k mr-p 1f5-1b 1d 2-2 3 2 2 2-3 2 3 9-2 2 2 2 2 2 2 2 2 2 2 2 2 2
  2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 9 2 5 nym 2 2 2 2 2 2 2 2 2 2 2
  2 2 2 2 2 2 2 2 2 2 2 k 2 2 2 2 2 2 2 2 2 2 2 2 2 3s 2 2 2 2 2 2 4 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
  2 2 2 2 2 2 2 2 2 2 2 b 2 2-1 2 2 2 2 5 2 3 2 4 2 2 2 2 2 2 2 2 2 2-4 2-4 2 2 2 2 2 2 2 2-3 2 2-1 2 2 2
  2 2 2 2 2 p h7w-p xy-13 3t-z 4d-a 2-e 2-6 2-1 1d7-1e 4e-l 27v-v gw1-v 1t-o o5k-x
`;

/** A set of code points by its ranges, ascending. */
class CodePointSet {
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];

  constructor(packed: PackedRanges) {
    let end = 0;
    for (const range of packed.trim().split(/\s+/)) {
      const [skip = "", more = "0"] = range.split("-");
      const first = end + Number.parseInt(skip, 36);
      end = first + Number.parseInt(more, 36);
      this.#firsts.push(first);
      this.#lasts.push(end);
    }
  }

  has(codePoint: number): boolean {
    let [low, high] = [0, this.#lasts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#lasts[middle] as number) < codePoint) low = middle + 1;
      else high = middle;
    }
    return low < this.#firsts.length && (this.#firsts[low] as number) <= codePoint;
  }
}

const visible = new CodePointSet(visiblePacked);
const capital = new CodePointSet(capitalPacked);

export function isVisible(codePoint: number): boolean {
  return visible.has(codePoint);
}

/** Whether a visible character has another one as its lower case. */
export function isCapital(codePoint: number): boolean {
  return capital.has(codePoint);
}

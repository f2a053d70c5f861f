/**
 * Looks for damage in SQLite's write-ahead log before SQLite reads it: SQLite takes the first frame that does not match
 * its checksum for the end that a crash left, and drops all transactions after it without a word.
 *
 * The format is sqlite.org/fileformat2.html#the_write_ahead_log.
 */

const headerBytes = 32;
const frameHeaderBytes = 24;

type Sums = readonly [number, number];

/**
 * A crash can leave one transaction half written, since the next begins when that one is on disk. So a frame of the same
 * log behind the end of the transaction that the broken frame is in was on disk already, and something else broke it.
 *
 * @returns the damage in words, or undefined
 */
export function damageOfLog(log: Buffer): string | undefined {
  const header = log.subarray(0, headerBytes);
  if (header.length < headerBytes || header.every((byte) => byte === 0)) return undefined;
  const isBigEndian = (header.readUInt32BE(0) & 1) === 1;
  let sums = added([0, 0], header.subarray(0, 24), isBigEndian);
  if (!isSum(sums, header, 24)) return "the head of its log does not match its checksum";
  const salts = header.subarray(16, 24);
  const frameBytes = frameHeaderBytes + header.readUInt32BE(8);
  let brokenAt: number | undefined;
  let hasEnded = false;
  for (let at = headerBytes; at + frameBytes <= log.length; at += frameBytes) {
    const frame = log.subarray(at, at + frameBytes);
    const isOfThisLog = frame.subarray(8, 16).equals(salts);
    if (brokenAt === undefined) {
      sums = added(sums, frame.subarray(0, 8), isBigEndian);
      sums = added(sums, frame.subarray(frameHeaderBytes), isBigEndian);
      if (isOfThisLog && isSum(sums, frame, 16)) continue;
      brokenAt = at;
    } else if (isOfThisLog && hasEnded) return `its log is damaged at byte ${brokenAt}`;
    // The last frame of a transaction has the number of pages that the file then has.
    hasEnded ||= isOfThisLog && frame.readUInt32BE(4) > 0;
  }
  return undefined;
}

function isSum([first, second]: Sums, bytes: Buffer, at: number): boolean {
  return bytes.readUInt32BE(at) === first && bytes.readUInt32BE(at + 4) === second;
}

function added([first, second]: Sums, bytes: Buffer, isBigEndian: boolean): Sums {
  let [one, two] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    one = (one + two + (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))) >>> 0;
    two = (two + one + (isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4))) >>> 0;
  }
  return [one, two];
}

/** A program of somebody else that reads a ledger in a loop until its input ends, and says what it saw. */
import { DatabaseSync } from "node:sqlite";

const db = new DatabaseSync(process.argv[2] as string, { readOnly: true, timeout: 10_000 });
const query = db.prepare(
  `SELECT cursor_index, cursor_hash,
     (SELECT MAX("index") FROM blocks) AS tip, (SELECT COUNT(*) FROM blocks) AS blocks,
     (SELECT hash FROM blocks WHERE "index" = cursor_index) AS tip_hash,
     (SELECT SUM(transaction_count) FROM blocks) AS counted, (SELECT COUNT(*) FROM transactions) AS present,
     (SELECT COUNT(*) FROM blocks b JOIN blocks p ON p."index" = b."index" - 1 AND p.hash = b.previous_hash) AS links
   FROM meta`,
);
let isOver = false;
process.stdin.on("end", () => {
  isOver = true;
});
process.stdin.resume();
let reads = 0;
const tips = new Set<unknown>();
const halves: unknown[] = [];
while (!isOver) {
  const row = query.get();
  reads += 1;
  if (row) {
    const { cursor_index: cursor, cursor_hash: hash, tip, tip_hash, blocks, counted, present, links } = row;
    const isWhole =
      tip === cursor &&
      tip_hash === hash &&
      blocks === Number(cursor) + 1 &&
      links === cursor &&
      counted === present;
    if (!isWhole) halves.push(row);
    tips.add(hash);
  }
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(JSON.stringify({ reads, tips: tips.size, halves: halves.slice(0, 3) }));

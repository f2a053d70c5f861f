/** How the shipped schema is written down: a line that names each object, then the statement that made it. */

export interface ShippedObject {
  readonly type: string;
  readonly name: string;
  /** Empty for an index that SQLite made by itself for a key. */
  readonly sql: string;
}

/** @param text `-- type name`, then the statement, and so on */
export function shippedObjectsOf(text: string): readonly ShippedObject[] {
  return text
    .trim()
    .split(/^-- /m)
    .filter((part) => part !== "")
    .map((part) => {
      const [head = "", ...lines] = part.trimEnd().split("\n");
      const [type = "", name = ""] = head.split(" ");
      return { type, name, sql: lines.join("\n") };
    });
}

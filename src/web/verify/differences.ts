/** Holds what a page shows against what was proven, field by field. */
import { isFields } from "../../base/fields.ts";

export interface Difference {
  /** E.g. `payload.amountUnits`. */
  readonly field: string;
  readonly shown: string;
  readonly proven: string;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Fields that are shown and that nothing was proven of: they rest on the node's word. */
  readonly unproven: readonly string[];
}

/** Values of a proven object whose fields stand under these names in what is shown. */
export type Proven = Readonly<Record<string, unknown>>;

/** How many items of a list are told apart by name. */
const namedMax = 20;

/** Every field of `shown` is either proven and the same, proven and different, or named as not proven. */
export function compare(shown: unknown, proven: unknown): Comparison {
  const differences: Difference[] = [];
  const unproven = new Set<string>();
  visit(shown, proven, "", differences, unproven);
  return { differences: differences.slice(0, namedMax), unproven: [...unproven].toSorted() };
}

function visit(
  shown: unknown,
  proven: unknown,
  field: string,
  differences: Difference[],
  unproven: Set<string>,
): void {
  if (isFields(shown) && isFields(proven)) {
    for (const key of new Set([...Object.keys(shown), ...Object.keys(proven)])) {
      const named = field === "" ? key : `${field}.${key}`;
      // The items of a list are alike, so what is not proven is named once for all of them.
      if (!Object.hasOwn(proven, key)) unproven.add(named.replace(/\[\d+\]/g, "[]"));
      else visit(shown[key], proven[key], named, differences, unproven);
    }
    return;
  }
  if (Array.isArray(shown) && Array.isArray(proven)) {
    if (shown.length !== proven.length) {
      differences.push({ field: `${field}.length`, ...texts(shown.length, proven.length) });
    }
    for (const [index, item] of proven.entries()) {
      visit(shown[index], item, `${field}[${index}]`, differences, unproven);
    }
    return;
  }
  if (!Object.is(shown, proven)) differences.push({ field, ...texts(shown, proven) });
}

function texts(shown: unknown, proven: unknown): Pick<Difference, "shown" | "proven"> {
  return { shown: textOf(shown), proven: textOf(proven) };
}

function textOf(value: unknown): string {
  if (value === undefined) return "(nothing)";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

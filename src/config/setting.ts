/** What the table of settings says of each of them. */
import type { NodeConfig } from "./node-config.ts";
import { type Reader, wholeNumber } from "./readers.ts";

/** What a default may follow from: the settings above it in the table, and whose machine it is. */
export interface DefaultContext {
  readonly homeDirectory: string;
  /** As the machine calls itself; undefined or empty if it has no name. */
  readonly hostName?: string | undefined;
  /** The name that the operator gave this node; undefined if `name` is a default. */
  readonly givenName?: string | undefined;
  readonly known: Pick<NodeConfig, "consensus" | "network" | "name" | "dataDir" | "chain" | "servePool">;
}

export interface Setting<Value> {
  /** What it does, for `--help`. */
  readonly help: string;
  /** Name of the flag's argument in `--help`; a switch has none. */
  readonly argument?: string;
  /** The default in words; absent where there is none. */
  readonly defaultText?: string;
  readonly default: (context: DefaultContext) => Value;
  readonly reader: Reader<NonNullable<Value>>;
  /** A flag that may be given several times. */
  readonly repeatable?: true;
  /** Only a flag or a variable can say it. */
  readonly notInFile?: true;
}

/** The default of a setting that has none. */
export const none = () => undefined;
/** A default that follows from nothing. */
export const always =
  <Value>(value: Value) =>
  () =>
    value;
/** 0 for any free one. */
export const tcpPort = wholeNumber(0, 65_535);

/** Reads one value from what a flag, a variable or a file gave: text, or an already typed value. */
import { isIP } from "node:net";
import path from "node:path";
import { multiaddr } from "@multiformats/multiaddr";
import { isDatabaseTarget, withoutPassword } from "../base/database-target.ts";

/** What relative and home paths stand for where a value was written. */
export interface PathBase {
  /** Undefined if the user has none. */
  readonly homeDirectory: string | undefined;
  /** The folder that a relative path counts from; undefined where that is the working directory. */
  readonly folder?: string;
}

export interface Reader<Value> {
  /** What is accepted, to follow "must be". */
  readonly expected: string;
  /** The value; undefined where `raw` is not one. */
  readonly read: (raw: unknown, base: PathBase) => Value | undefined;
  /** The words that are accepted, if only these are. */
  readonly choices?: readonly string[];
}

const switchWords = new Map([
  ["true", true],
  ["yes", true],
  ["on", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["off", false],
  ["0", false],
]);

/** True or false; as text also yes/no, on/off and 1/0. */
export const aSwitch: Reader<boolean> = {
  expected: "true or false",
  read: (raw) => (typeof raw === "string" ? switchWords.get(raw.toLowerCase()) : asBoolean(raw)),
};

function asBoolean(raw: unknown): boolean | undefined {
  return typeof raw === "boolean" ? raw : undefined;
}

/** One of the words in `choices`. */
export function oneOf<const Choice extends string>(...choices: Choice[]): Reader<Choice> {
  return {
    expected: `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`,
    read: (raw) => choices.find((choice) => choice === raw),
    choices,
  };
}

/** A whole number within both bounds. */
export function wholeNumber(min: number, max: number): Reader<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    read: (raw) => {
      const number = typeof raw === "string" && /^\d+$/.test(raw) ? Number(raw) : raw;
      if (typeof number !== "number" || !Number.isInteger(number)) return undefined;
      return number >= min && number <= max ? number : undefined;
    },
  };
}

/** What `first` reads, or else what `second` does. */
export function either<A, B>(first: Reader<A>, second: Reader<B>): Reader<A | B> {
  return {
    expected: `${first.expected} or ${second.expected}`,
    read: (raw, base) => first.read(raw, base) ?? second.read(raw, base),
  };
}

/** Exactly `word`. */
export function theWord<const Word extends string>(word: Word): Reader<Word> {
  return { expected: `"${word}"`, read: (raw) => (raw === word ? word : undefined) };
}

/** Text of a pattern; `expected` says the pattern in words. */
export function textLike(pattern: RegExp, expected: string): Reader<string> {
  return {
    expected,
    read: (raw) => (typeof raw === "string" && pattern.test(raw) ? raw : undefined),
  };
}

/** A path; `~/` is the home directory, and in a file relative paths count from the file's folder. */
export const aPath: Reader<string> = {
  expected: "a path",
  read: (raw, base) => {
    if (typeof raw !== "string" || raw === "" || raw.includes("\0")) return undefined;
    if (raw === "~" || raw.startsWith("~/")) {
      return base.homeDirectory === undefined ? undefined : path.join(base.homeDirectory, raw.slice(1));
    }
    if (path.isAbsolute(raw) || base.folder === undefined) return raw;
    return path.join(base.folder, raw);
  },
};

/** Where the SQL ledger is kept: a path, or a database. A password would be shown with the other settings, and is refused. */
export const aLedgerTarget: Reader<string> = {
  expected:
    "a path, a URL such as postgres://ledger@db.example.org/chain without a password in it, or @FILE with the URL in FILE",
  read: (raw, base) => {
    if (typeof raw !== "string" || !isDatabaseTarget(raw)) return aPath.read(raw, base);
    if (!raw.startsWith("@")) return withoutPassword(raw) === raw ? raw : undefined;
    const file = aPath.read(raw.slice(1), base);
    return file === undefined ? undefined : `@${file}`;
  },
};

const listenMax = 16;

/** Addresses of this machine to listen on; 0.0.0.0 is all IPv4 ones, :: all of both families. At least one. */
export const ipAddresses: Reader<readonly string[]> = {
  expected: `1 to ${listenMax} IPv4 or IPv6 addresses`,
  read: (raw) => {
    const addresses = textList(raw);
    if (!addresses || addresses.length === 0 || addresses.length > listenMax) return undefined;
    return addresses.every((address) => isIP(address) !== 0) ? [...new Set(addresses)] : undefined;
  },
};

/** One address of this machine to listen on; 0.0.0.0 is all IPv4 ones, :: all of both families. */
export const anIpAddress: Reader<string> = {
  expected: "an IPv4 or IPv6 address such as 127.0.0.1, 0.0.0.0 or ::",
  read: (raw) => {
    const bare = typeof raw === "string" ? raw.replace(/^\[(.+)\]$/, "$1") : "";
    return isIP(bare) === 0 ? undefined : bare;
  },
};

const bootstrapMax = 64;

/** Peers to dial: a list, or text with commas or blanks between. */
export const tcpMultiaddrs: Reader<readonly string[]> = {
  expected: `at most ${bootstrapMax} multiaddrs such as /ip4/192.0.2.1/tcp/13245`,
  read: (raw) => {
    const addresses = textList(raw);
    return addresses && addresses.length <= bootstrapMax && addresses.every(isTcpMultiaddr)
      ? addresses
      : undefined;
  },
};

/** What a record of this node has room for, with some left for the addresses that it listens on. */
const announcedMax = 4;
const hostName =
  /^(?=.{1,100}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** Where others reach this node: multiaddrs, or IP addresses and host names, which stand for `--port` there. */
export const announcedAddresses: Reader<readonly string[]> = {
  expected: `at most ${announcedMax} multiaddrs such as /ip4/203.0.113.7/tcp/13245 or /dns4/node.example.org/tcp/13245, IP addresses or host names`,
  read: (raw) => {
    const addresses = textList(raw);
    const isGood = (text: string) =>
      text.startsWith("/") ? isTcpMultiaddr(text) : isIP(text) !== 0 || hostName.test(text);
    return addresses && addresses.length <= announcedMax && addresses.every(isGood) ? addresses : undefined;
  },
};

const hostNamesMax = 64;

/** Names that a Host header may have, lower case: no scheme, no port, no wildcard. */
export const hostNames: Reader<readonly string[]> = {
  expected: `at most ${hostNamesMax} host names or IP addresses such as node.example.com, without scheme and port`,
  read: (raw) => {
    const names = textList(raw)?.map((name) => name.replace(/^\[(.+)\]$/, "$1"));
    const isGood = (name: string) => isIP(name) !== 0 || hostName.test(name);
    if (!names || names.length > hostNamesMax || !names.every(isGood)) return undefined;
    return [...new Set(names.map((name) => name.toLowerCase()))];
  },
};

/** Origins as a browser sends them: scheme, host, and a port if it is not the scheme's own. */
export const webOrigins: Reader<readonly string[]> = {
  expected: `at most ${hostNamesMax} origins such as https://wallet.example.com or http://localhost:3000`,
  read: (raw) => {
    const origins = textList(raw);
    if (!origins || origins.length > hostNamesMax) return undefined;
    const read = origins.map((text) => {
      if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
      const { origin, href } = new URL(text);
      return href === `${origin}/` ? origin : undefined;
    });
    return read.every((origin) => origin !== undefined) ? [...new Set(read)] : undefined;
  },
};

/** A list of texts, or one text with commas or blanks between. */
function textList(raw: unknown): string[] | undefined {
  const list = typeof raw === "string" ? [raw] : raw;
  if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) return undefined;
  return list.flatMap((item) => item.split(/[\s,]+/)).filter((item) => item !== "");
}

function isTcpMultiaddr(address: string): boolean {
  try {
    return multiaddr(address)
      .getComponents()
      .some((component) => component.name === "tcp");
  } catch {
    return false;
  }
}

/** An address or a name of this machine, with a port or without; read as `HOST:PORT`, an IPv6 address in brackets. */
export function aHostAndPort(portDefault: number): Reader<string> {
  return {
    expected: `HOST or HOST:PORT, such as 127.0.0.1, 0.0.0.0:9100 or [::]:9100 (port ${portDefault} if none is given)`,
    read: (raw) => {
      if (typeof raw !== "string") return undefined;
      if (isIP(raw) === 6) return `[${raw}]:${portDefault}`;
      const [, bracketed, bare, digits = String(portDefault)] =
        /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(raw) ?? [];
      if (Number(digits) > 65_535) return undefined;
      if (bracketed !== undefined) return isIP(bracketed) === 6 ? `[${bracketed}]:${digits}` : undefined;
      // Four numbers that are no address are no name either.
      const isName =
        bare !== undefined && (isIP(bare) === 4 || (hostName.test(bare) && !/^[\d.]+$/.test(bare)));
      return isName ? `${bare}:${digits}` : undefined;
    },
  };
}

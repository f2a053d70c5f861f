/** Puts a node's configuration together: defaults, then the file, then the environment, then flags. Pure. */
import path from "node:path";
import { closest } from "fastest-levenshtein";
import { withoutPassword } from "../base/database-target.ts";
import { isLoopback } from "../base/loopback.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { parseConfigFile } from "./config-file.ts";
import { isForeignVariable } from "./foreign-variables.ts";
import type { ConfigFault, NodeConfig, ResolvedConfig, SettingName, Sourced } from "./node-config.ts";
import type { DefaultContext } from "./setting.ts";
import { flagOf, nodeSettings, settingNames, variableOf } from "./settings.ts";

export interface ConfigInput {
  /** As a command line parser gives them: setting name to text, number, boolean or list; undefined is not given. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The whole environment; only `AUREX_*` is read, and an empty variable counts as not set. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fileText?: string | undefined;
  /** Where `fileText` came from: named in faults and sources, and relative paths in it count from its folder. */
  readonly filePath?: string | undefined;
  /** The machine's name, after which a node is called by default; without it, a node is called after its engine. */
  readonly hostName?: string | undefined;
  /** Undefined if the user has none. */
  readonly homeDirectory: string | undefined;
}

/** A value that somebody gave, before it is checked. */
interface Given {
  readonly raw: unknown;
  readonly source: string;
  readonly folder?: string;
}

type GivenSettings = Map<SettingName, Given>;

/** Resolves every setting, with its source. Faults: all that are wrong at once, not only the first. */
export function resolveNodeConfig(input: ConfigInput): Result<ResolvedConfig, ConfigFault[]> {
  const given: GivenSettings = new Map();
  const faults = [
    ...collectFile(input, given),
    ...collectVariables(input, given),
    ...collectFlags(input, given),
  ];
  const resolved = new Map<SettingName, Sourced<unknown>>();
  for (const name of settingNames) resolved.set(name, settle(name, given.get(name), input, resolved, faults));
  if (input.homeDirectory === undefined && !given.has("dataDir")) faults.push(noHome);
  // Every name of the table has been set just now, each read by its own setting.
  const config = Object.fromEntries(resolved) as unknown as ResolvedConfig;
  if (faults.length === 0) faults.push(...conflictsIn(config));
  return faults.length === 0 ? ok(config) : fail(faults);
}

const noHome: ConfigFault = {
  code: "config/no-home",
  message: "there is no place for the node's data",
  why: "the default lies in the home directory, and this user has none (no HOME, no entry in /etc/passwd)",
  next: "name a directory with --data-dir or AUREX_DATA_DIR",
};

/** The config file that flags or the environment name; undefined where they name none. */
export function configFileOf(
  input: Pick<ConfigInput, "flags" | "environment" | "homeDirectory">,
): string | undefined {
  const raw = input.flags.config ?? input.environment[variableOf("config")];
  return nodeSettings.config.reader.read(raw, { homeDirectory: input.homeDirectory });
}

function collectFile(input: ConfigInput, given: GivenSettings): ConfigFault[] {
  if (input.fileText === undefined) return [];
  const file = input.filePath ?? "config file";
  const parsed = parseConfigFile(input.fileText, file);
  if (!parsed.ok) return parsed.fault;
  const allowed = settingNames.filter((name) => !nodeSettings[name].notInFile);
  const faults: ConfigFault[] = [];
  for (const { key, value, line } of parsed.value) {
    const name = allowed.find((candidate) => candidate === key);
    if (name === undefined) {
      const nearest = closest(key, allowed);
      faults.push({
        code: "config/key-unknown",
        key,
        nearest,
        message: `${file}:${line} sets "${key}", which is not a setting`,
        why: `the nearest setting is "${nearest}"`,
        next: `write "${nearest}" or remove line ${line}, then run: aurex-node config show --config ${file}`,
      });
    } else {
      const folder = isDevice(file) ? {} : { folder: path.dirname(file) };
      given.set(name, { raw: value, source: `file ${file}:${line}`, ...folder });
    }
  }
  return faults;
}

/** Standard input and the like: paths in such a text count from the working directory. */
function isDevice(file: string): boolean {
  return /^\/(?:dev|proc)\//.test(file);
}

function collectVariables(input: ConfigInput, given: GivenSettings): ConfigFault[] {
  const byVariable = new Map(settingNames.map((name) => [variableOf(name), name]));
  const faults: ConfigFault[] = [];
  for (const [variable, raw] of Object.entries(input.environment)) {
    if (!variable.startsWith("AUREX_") || raw === undefined || raw === "") continue;
    if (isForeignVariable(variable, raw)) continue;
    const name = byVariable.get(variable);
    if (name === undefined) {
      const nearest = closest(variable, [...byVariable.keys()]);
      faults.push({
        code: "config/variable-unknown",
        variable,
        nearest,
        message: `the environment sets ${variable}, which is not a setting`,
        why: `the nearest variable is ${nearest}`,
        next: `run: unset ${variable}, or set ${nearest} instead`,
      });
    } else given.set(name, { raw, source: `environment ${variable}` });
  }
  return faults;
}

function collectFlags(input: ConfigInput, given: GivenSettings): ConfigFault[] {
  const faults: ConfigFault[] = [];
  for (const [key, raw] of Object.entries(input.flags)) {
    if (raw === undefined) continue;
    const name = settingNames.find((candidate) => candidate === key);
    if (name === undefined) {
      const nearest = flagOf(closest(key, settingNames) as SettingName);
      const flag = flagOf(key as SettingName);
      faults.push({
        code: "config/flag-unknown",
        flag,
        nearest,
        message: `${flag} is not a flag of a node`,
        why: `the nearest flag is ${nearest}`,
        next: `write ${nearest}, or run: aurex-node start --help`,
      });
    } else
      given.set(name, {
        raw,
        source: `flag ${raw === false ? flagOf(name).replace("--", "--no-") : flagOf(name)}`,
      });
  }
  return faults;
}

/** The checked value of one setting, or its default; a value that is wrong adds a fault. */
function settle(
  name: SettingName,
  given: Given | undefined,
  input: ConfigInput,
  resolved: ReadonlyMap<SettingName, Sourced<unknown>>,
  faults: ConfigFault[],
): Sourced<unknown> {
  const setting = nodeSettings[name];
  const { homeDirectory, hostName } = input;
  if (given !== undefined) {
    const base = given.folder === undefined ? { homeDirectory } : { homeDirectory, folder: given.folder };
    const value = setting.reader.read(given.raw, base);
    if (value !== undefined) return { value, source: given.source };
    faults.push({
      code: "config/value-invalid",
      setting: name,
      source: given.source,
      message: `${name} is ${shown(given.raw)} (${given.source})`,
      why: `${name} must be ${setting.reader.expected}`,
      next: "correct the value, then run: aurex-node config show --sources",
    });
  }
  // Where no home is known the root stands in for it, and the one default that would lie in it is refused.
  const known = Object.fromEntries([...resolved].map(([key, { value }]) => [key, value]));
  const named = resolved.get("name") as ResolvedConfig["name"] | undefined;
  const givenName = named?.source === "default" ? undefined : named?.value;
  return {
    value: setting.default({
      homeDirectory: homeDirectory ?? path.sep,
      hostName,
      givenName,
      known: known as DefaultContext["known"],
    }),
    source: "default",
  };
}

const shownLengthMax = 80;

function shown(raw: unknown): string {
  const text = withoutPassword(JSON.stringify(raw) ?? String(raw));
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text;
}

/** Settings that are fine alone and mean nothing together; only what somebody asked for counts. */
function conflictsIn(config: ResolvedConfig): ConfigFault[] {
  const {
    consensus,
    difficulty,
    chain,
    servePool,
    mine,
    authority,
    expect,
    admission,
    signAlone,
    trustRecovery,
  } = config;
  const { port, announceAddress, apiHost, apiTlsCert, apiTlsKey, apiInsecure } = config;
  const isPow = consensus.value === "pow";
  const asked = difficulty.source !== "default";
  const isGiven = chain.value !== undefined;
  const rules: [boolean, keyof NodeConfig, keyof NodeConfig, string, string][] = [
    [
      servePool.value && !isPow,
      "servePool",
      "consensus",
      "a pool shares out what mining earns, and poa blocks are signed",
      "use --consensus pow",
    ],
    [servePool.value && !mine.value, "servePool", "mine", "a pool mines", "leave one of the two out"],
    [
      mine.value && !isPow && !servePool.value,
      "mine",
      "consensus",
      "poa blocks are signed, not mined",
      "use --authority instead of --mine",
    ],
    [
      authority.value && isPow,
      "authority",
      "consensus",
      "pow blocks are mined, not signed",
      "use --mine instead of --authority",
    ],
    [asked && !isPow, "difficulty", "consensus", "only pow has a difficulty", "leave --difficulty out"],
    [
      asked && isGiven,
      "difficulty",
      "chain",
      "a chain spec has its own difficulty",
      "leave one of the two out",
    ],
    [expect.value > 1 && isPow, "expect", "consensus", "only a poa network is founded", "leave --expect out"],
    [
      admission.value !== "open-lan" && isPow,
      "admission",
      "consensus",
      "pow has no authorities",
      "leave --admission out",
    ],
    [
      signAlone.value && isPow,
      "signAlone",
      "consensus",
      "pow blocks are mined, not signed",
      "leave --sign-alone out",
    ],
    [
      trustRecovery.value !== undefined && isPow,
      "trustRecovery",
      "consensus",
      "pow has no final blocks",
      "leave it out",
    ],
    [
      port.value === 0 && announceAddress.value.some((address) => !address.startsWith("/")),
      "announceAddress",
      "port",
      "the port is not known before the node listens, so it cannot be announced",
      "name a --port, or announce a multiaddr such as /ip4/203.0.113.7/tcp/13245",
    ],
    [
      expect.value > 1 && isGiven,
      "expect",
      "chain",
      "a chain that is given is not founded",
      "leave one of the two out",
    ],
    [
      admission.value !== "open-lan" && isGiven,
      "admission",
      "chain",
      "a chain spec has its own admission",
      "leave one of the two out",
    ],
    [
      (apiTlsCert.value === undefined) !== (apiTlsKey.value === undefined),
      apiTlsCert.value === undefined ? "apiTlsKey" : "apiTlsCert",
      apiTlsCert.value === undefined ? "apiTlsCert" : "apiTlsKey",
      "TLS needs a certificate and its key",
      "give both --api-tls-cert and --api-tls-key",
    ],
    [
      !isLoopback(apiHost.value) && apiTlsCert.value === undefined && !apiInsecure.value,
      "apiHost",
      "apiTlsCert",
      "other machines would be served in clear text: an attacker on the network could change answers and steal the token",
      "give --api-tls-cert and --api-tls-key, or --api-insecure if you trust the network",
    ],
    [
      apiInsecure.value && apiTlsCert.value !== undefined,
      "apiInsecure",
      "apiTlsCert",
      "an API with TLS is not in clear text",
      "leave one of the two out",
    ],
  ];
  return rules
    .filter(([isBroken]) => isBroken)
    .map(([, first, second, why, next]) => ({
      code: "config/conflict",
      settings: [first, second],
      message:
        config[second].value === undefined
          ? `${first} ${shown(config[first].value)} (${config[first].source}) needs ${second}`
          : `${first} (${config[first].source}) does not go with ${second} ${shown(config[second].value)} (${config[second].source})`,
      why,
      next: `${next}, then run: aurex-node config show --sources`,
    }));
}

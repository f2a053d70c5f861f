/** The settings of what a node serves over HTTP: the API, and the metrics on an address of their own. */
import path from "node:path";
import type { NodeConfig } from "./node-config.ts";
import { aHostAndPort, anIpAddress, aPath, aSwitch, hostNames, webOrigins, wholeNumber } from "./readers.ts";
import { always, none, type Setting, tcpPort } from "./setting.ts";

type ApiSettingName = "api" | "metricsAddress" | (keyof NodeConfig & `api${string}`);

export const apiSettings: { readonly [Name in ApiSettingName]: Setting<NodeConfig[Name]> } = {
  api: {
    help: "serve the HTTP API, on 127.0.0.1 unless --api-host says otherwise",
    reader: aSwitch,
    defaultText: "true",
    default: always(true),
  },
  apiPort: {
    help: "TCP port of the HTTP API, 0 for any free one",
    argument: "port",
    reader: tcpPort,
    defaultText: "13280",
    default: always(13_280),
  },
  apiHost: {
    help: "IP address that the API listens on, 0.0.0.0 for all; another than loopback needs --api-tls-cert and --api-tls-key, or --api-insecure",
    argument: "ip",
    reader: anIpAddress,
    defaultText: "127.0.0.1",
    default: always("127.0.0.1"),
  },
  apiTlsCert: {
    help: "certificate of the API in PEM, with those that lead to its issuer",
    argument: "cert.pem",
    reader: aPath,
    default: none,
  },
  apiTlsKey: {
    help: "key of that certificate in PEM, without a passphrase",
    argument: "key.pem",
    reader: aPath,
    default: none,
  },
  apiInsecure: {
    help: "serve the API to other machines in clear text: only in a network that you trust, or behind a proxy",
    reader: aSwitch,
    defaultText: "false",
    default: always(false),
  },
  apiAllowedHost: {
    help: "name under which the API is asked, beside its address and localhost, may be given several times",
    argument: "name",
    reader: hostNames,
    repeatable: true,
    default: always([]),
  },
  apiCors: {
    help: "origin of web pages that may ask the API, such as https://wallet.example.com, may be given several times",
    argument: "origin",
    reader: webOrigins,
    repeatable: true,
    default: always([]),
  },
  apiTokenFile: {
    help: "file with the token for admin routes and those that use the node's key; made if it is missing",
    argument: "file",
    reader: aPath,
    defaultText: "<data-dir>/api-token",
    default: ({ known }) => path.join(known.dataDir, "api-token"),
  },
  apiRateLimit: {
    help: "requests to the API a second from one address of another machine, on average; 0: no limit",
    argument: "requests",
    reader: wholeNumber(0, 1_000_000),
    defaultText: "200",
    default: always(200),
  },
  apiConnections: {
    help: "connections to the API that are open at the same time; one address of another machine has half of them at most",
    argument: "connections",
    reader: wholeNumber(32, 65_536),
    defaultText: "256",
    default: always(256),
  },
  metricsAddress: {
    help: "serve /metrics alone on this address, too, e.g. 0.0.0.0:9100; nobody is authenticated there",
    argument: "host[:port]",
    reader: aHostAndPort(13_290),
    default: none,
  },
};

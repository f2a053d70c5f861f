/** Are the node's two TCP ports free, or taken by the node itself? */
import { createServer } from "node:net";
import { toError } from "../base/invariant.ts";
import type { LockHolder } from "../store/directory-lock.ts";
import { type CheckName, type Finding, failed, passed } from "./finding.ts";
import { ownerText, portOwner } from "./port-owner.ts";

export interface PortQuestion {
  readonly check: CheckName & ("peer-port" | "api-port");
  /** All that are listened on; several of the node's own, one of the API's. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** The flag that names another. */
  readonly flag: string;
  /** Of the node that runs in the data directory. */
  readonly holder: LockHolder | undefined;
}

/** The first of them that cannot be had, or else what they all are. */
export async function checkPort(question: PortQuestion): Promise<Finding> {
  if (question.port === 0) return passed(question.check, "any free one will be taken");
  const findings: Finding[] = [];
  for (const host of question.hosts) findings.push(await checkHost(host, question));
  const failing = findings.find(({ ok }) => ok === false);
  return failing ?? passed(question.check, findings.map(({ found }) => found).join("; "));
}

async function checkHost(host: string, { check, port, flag, holder }: PortQuestion): Promise<Finding> {
  const where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const refusal = await listenError(host, port);
  if (refusal === undefined) return passed(check, `${where} is free`);
  if (refusal.code === "EADDRINUSE") {
    const owner = await portOwner("tcp", port);
    if (owner && owner.pid === holder?.pid) {
      return passed(check, `${where} is the running node's (${holder.name}, process ${holder.pid})`);
    }
    return failed(
      check,
      `${where} is in use by ${ownerText(owner)}`,
      `stop that program, or start the node with another ${flag} (0: any free one)`,
    );
  }
  const next = refusal.code === "EACCES" ? `start the node with ${flag} above 1023` : hostNext(check);
  return failed(check, `${where} cannot be listened on: ${refusal.message}`, next);
}

function hostNext(check: CheckName): string {
  return check === "peer-port"
    ? "start the node with a --listen-address of this machine (ip address lists them; 0.0.0.0: all)"
    : "start the node with an --api-host of this machine (ip address lists them), or bring up the loopback interface: ip link set lo up";
}

function listenError(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(toError(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
